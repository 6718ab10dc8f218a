"""Who may call what: one row a method of every gRPC service. What has no row is refused.

``SERVICE`` is any service of the platform, ``"service:portal"`` one of them, ``OPERATOR`` the holder of the operator's
key, ``ORGAN`` an organ with a credential in force, ``STAFF`` somebody of the staff who is logged in; what an organ or
a person may do with *which* thing the method decides (permissions.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gongkai.security.tokens import Caller

SERVICE: Final = "service"
OPERATOR: Final = "operator"
ORGAN: Final = "organ"
STAFF: Final = "staff"
PORTAL: Final = "service:portal"

_READERS: Final = frozenset({SERVICE, OPERATOR})
_EVERYONE: Final = frozenset({SERVICE, OPERATOR, ORGAN})
_OPERATOR: Final = frozenset({OPERATOR})
_PORTAL: Final = frozenset({PORTAL})
_STAFF: Final = frozenset({STAFF})
_STAFF_OPERATOR: Final = frozenset({STAFF, OPERATOR})
_ALL: Final = frozenset({SERVICE, OPERATOR, ORGAN, STAFF})

ANYBODY: Final = frozenset({"/grpc.health.v1.Health/", "/grpc.reflection.v1alpha.ServerReflection/"})
"""Services that need no token: probes have none, and the interface is public."""

ACCESS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "/gongkai.rpc.catalog.v1.CatalogService/ListDivisions": _EVERYONE,
        "/gongkai.rpc.catalog.v1.CatalogService/GetDivision": _EVERYONE,
        "/gongkai.rpc.catalog.v1.CatalogService/ListOrgans": _EVERYONE,
        "/gongkai.rpc.catalog.v1.CatalogService/GetOrgan": _EVERYONE,
        "/gongkai.rpc.catalog.v1.CatalogService/ListDomains": _EVERYONE,
        "/gongkai.rpc.catalog.v1.CatalogService/ListMatters": _EVERYONE,
        "/gongkai.rpc.catalog.v1.CatalogService/GetMatter": _EVERYONE,
        "/gongkai.rpc.catalog.v1.CatalogService/ListCalendarDays": _EVERYONE,
        "/gongkai.rpc.catalog.v1.CatalogService/RegisterOrgan": _OPERATOR,
        "/gongkai.rpc.catalog.v1.CatalogService/AddOrganCredential": _OPERATOR,
        "/gongkai.rpc.catalog.v1.CatalogService/RevokeOrganCredentials": _OPERATOR,
        "/gongkai.rpc.catalog.v1.CatalogService/AnnounceCalendar": _OPERATOR,
        "/gongkai.rpc.catalog.v1.CatalogService/ChangeDivision": _STAFF_OPERATOR,
        "/gongkai.rpc.catalog.v1.CatalogService/ChangeOrgan": _STAFF_OPERATOR,
        "/gongkai.rpc.catalog.v1.CatalogueService/ListCatalogues": _ALL,
        "/gongkai.rpc.catalog.v1.CatalogueService/GetCatalogue": _ALL,
        "/gongkai.rpc.catalog.v1.CatalogueService/ListEditions": _ALL,
        "/gongkai.rpc.catalog.v1.CatalogueService/ListRows": _ALL,
        "/gongkai.rpc.catalog.v1.CatalogueService/GetRow": _ALL,
        "/gongkai.rpc.catalog.v1.CatalogueService/CompareEditions": _ALL,
        "/gongkai.rpc.catalog.v1.CatalogueService/ExportTable": _ALL,
        "/gongkai.rpc.catalog.v1.CatalogueService/GetDraft": _STAFF,
        "/gongkai.rpc.catalog.v1.CatalogueService/ListDraftRows": _STAFF,
        "/gongkai.rpc.catalog.v1.CatalogueService/OpenEdition": _STAFF,
        "/gongkai.rpc.catalog.v1.CatalogueService/TakeUpper": _STAFF,
        "/gongkai.rpc.catalog.v1.CatalogueService/EditMatters": _STAFF,
        "/gongkai.rpc.catalog.v1.CatalogueService/ProposeEdition": _STAFF,
        "/gongkai.rpc.catalog.v1.CatalogueService/ReturnEdition": _STAFF,
        "/gongkai.rpc.catalog.v1.CatalogueService/DiscardEdition": _STAFF,
        "/gongkai.rpc.catalog.v1.CatalogueService/PublishEdition": _STAFF,
        "/gongkai.rpc.catalog.v1.CatalogueService/PreviewImport": _STAFF_OPERATOR,
        "/gongkai.rpc.catalog.v1.CatalogueService/ImportTable": _STAFF_OPERATOR,
        "/gongkai.rpc.catalog.v1.BasisService/ListBases": _ALL,
        "/gongkai.rpc.catalog.v1.BasisService/GetBasis": _ALL,
        "/gongkai.rpc.catalog.v1.BasisService/ListFlagged": _ALL,
        "/gongkai.rpc.catalog.v1.BasisService/ListUnresolved": _ALL,
        "/gongkai.rpc.catalog.v1.BasisService/ChangeBasis": _STAFF_OPERATOR,
        "/gongkai.rpc.catalog.v1.BasisService/ImportBases": _STAFF_OPERATOR,
        "/gongkai.rpc.catalog.v1.DutyService/ListDuties": _ALL,  # an organ: its own; so the next two
        "/gongkai.rpc.catalog.v1.DutyService/ValidateDocument": _ALL,
        "/gongkai.rpc.catalog.v1.DutyService/ListChanges": _ALL,
        "/gongkai.rpc.catalog.v1.DutyService/GetSchema": _ALL,
        "/gongkai.rpc.catalog.v1.DutyService/ListAssignments": _ALL,
        "/gongkai.rpc.catalog.v1.DutyService/AssignSubject": _STAFF_OPERATOR,
        "/gongkai.rpc.catalog.v1.VillageService/ListVillageKinds": _ALL,
        "/gongkai.rpc.catalog.v1.VillageService/ListVillageLists": _ALL,
        "/gongkai.rpc.catalog.v1.VillageService/GetVillageList": _ALL,
        "/gongkai.rpc.catalog.v1.VillageService/CheckVillageList": _ALL,
        "/gongkai.rpc.catalog.v1.VillageService/GetVillageDraft": _STAFF,
        "/gongkai.rpc.catalog.v1.VillageService/SaveVillageList": _STAFF,
        "/gongkai.rpc.catalog.v1.VillageService/ProposeVillageList": _STAFF,
        "/gongkai.rpc.catalog.v1.VillageService/ReturnVillageList": _STAFF,
        "/gongkai.rpc.catalog.v1.VillageService/PublishVillageList": _STAFF,
        "/gongkai.rpc.catalog.v1.IdentityService/LogIn": _PORTAL,
        "/gongkai.rpc.catalog.v1.IdentityService/OpenSession": _PORTAL,
        "/gongkai.rpc.catalog.v1.IdentityService/LogOut": _PORTAL,
        "/gongkai.rpc.catalog.v1.IdentityService/ChangePassword": _STAFF,
        "/gongkai.rpc.catalog.v1.IdentityService/NameStaff": frozenset({SERVICE, OPERATOR, STAFF}),
        "/gongkai.rpc.catalog.v1.IdentityService/ListStaff": _STAFF_OPERATOR,
        "/gongkai.rpc.catalog.v1.IdentityService/ListUnits": _STAFF_OPERATOR,
        "/gongkai.rpc.catalog.v1.IdentityService/RegisterUnit": _STAFF_OPERATOR,
        "/gongkai.rpc.catalog.v1.IdentityService/RegisterStaff": _STAFF_OPERATOR,
        "/gongkai.rpc.catalog.v1.IdentityService/ChangeGrants": _STAFF_OPERATOR,
        "/gongkai.rpc.catalog.v1.IdentityService/ResetPassword": _STAFF_OPERATOR,
        "/gongkai.rpc.catalog.v1.IdentityService/DisableStaff": _STAFF_OPERATOR,
        "/gongkai.rpc.catalog.v1.IdentityService/EraseStaff": _OPERATOR,
        "/gongkai.rpc.log.v1.ContractLogService/ReadContracts": _EVERYONE,  # an organ: the public audience only
        "/gongkai.rpc.notify.v1.NotifyService/Send": frozenset({"service:requests"}),
        "/gongkai.rpc.notify.v1.NotifyService/OpenSubscription": _PORTAL,
        "/gongkai.rpc.notify.v1.NotifyService/ConfirmSubscription": _PORTAL,
        "/gongkai.rpc.notify.v1.NotifyService/GetSubscription": _PORTAL,
        "/gongkai.rpc.notify.v1.NotifyService/Leave": _PORTAL,
        "/gongkai.rpc.notify.v1.NotifyService/ReceiveWechat": _PORTAL,
        "/gongkai.rpc.notify.v1.NotifyService/ListMessages": _STAFF_OPERATOR,
        "/gongkai.rpc.notify.v1.NotifyService/SettleDoubt": _STAFF_OPERATOR,
        "/gongkai.rpc.ops.v1.OpsService/RefillStream": _OPERATOR,
        "/gongkai.rpc.ops.v1.OpsService/ListDeadLetters": _OPERATOR,
        "/gongkai.rpc.ops.v1.OpsService/GetDeadLetter": _OPERATOR,
        "/gongkai.rpc.ops.v1.OpsService/RetryDeadLetter": _OPERATOR,
        "/gongkai.rpc.ops.v1.OpsService/DiscardDeadLetter": _OPERATOR,
        "/gongkai.rpc.ops.v1.OpsService/VerifyLog": _OPERATOR,
        "/gongkai.rpc.ops.v1.OpsService/RebuildViews": _OPERATOR,
        "/gongkai.rpc.oversight.v1.OversightService/GetBoard": _READERS,
        "/gongkai.rpc.oversight.v1.OversightService/ListLateRecords": _READERS,
        "/gongkai.rpc.oversight.v1.OversightService/ListDefects": _READERS,
        "/gongkai.rpc.oversight.v1.OversightService/ListLateRequests": _READERS,
        "/gongkai.rpc.oversight.v1.OversightService/GetCoverage": _READERS,
        "/gongkai.rpc.oversight.v1.OversightService/ListDuties": _READERS,
        "/gongkai.rpc.oversight.v1.OversightService/GetDutyCoverage": _READERS,
        "/gongkai.rpc.oversight.v1.OversightService/ListColumns": _READERS,
        "/gongkai.rpc.oversight.v1.OversightService/ListAlignment": _READERS,
        "/gongkai.rpc.oversight.v1.OversightService/CountAlignment": _READERS,
        "/gongkai.rpc.oversight.v1.OversightService/GetRecordAlignment": _READERS,
        "/gongkai.rpc.publishing.v1.RecordService/GetRecord": _READERS,
        "/gongkai.rpc.publishing.v1.RecordService/ListRecords": _READERS,
        "/gongkai.rpc.publishing.v1.RecordService/CountRecords": _READERS,
        "/gongkai.rpc.publishing.v1.RecordService/ListNewest": _READERS,
        "/gongkai.rpc.publishing.v1.ContentService/FetchContent": _READERS,
        "/gongkai.rpc.publishing.v1.ContentService/UploadContent": _ALL,
        "/gongkai.rpc.publishing.v1.ContentService/DestroyContent": _OPERATOR,
        "/gongkai.rpc.publishing.v1.DraftService/SaveDraft": _STAFF,
        "/gongkai.rpc.publishing.v1.DraftService/ProposeAttribute": _STAFF,
        "/gongkai.rpc.publishing.v1.DraftService/ConfirmAttribute": _STAFF,
        "/gongkai.rpc.publishing.v1.DraftService/ReturnDraft": _STAFF,
        "/gongkai.rpc.publishing.v1.DraftService/PublishDraft": _STAFF,
        "/gongkai.rpc.publishing.v1.DraftService/DiscardDraft": _STAFF,
        "/gongkai.rpc.publishing.v1.DraftService/ReviseRecord": _STAFF,
        "/gongkai.rpc.publishing.v1.DraftService/WithdrawRecord": _STAFF,
        "/gongkai.rpc.publishing.v1.DraftService/GetDraft": _STAFF,
        "/gongkai.rpc.publishing.v1.DraftService/ListDrafts": _STAFF,
        "/gongkai.rpc.publishing.v1.DraftService/ListIncoming": _STAFF,
        "/gongkai.rpc.publishing.v1.DraftService/ListOrganRecords": _STAFF,
        "/gongkai.rpc.publishing.v1.DraftService/FetchDraftContent": _STAFF,
        "/gongkai.rpc.requests.v1.RequestService/Submit": _PORTAL,
        "/gongkai.rpc.requests.v1.RequestService/LookUp": _PORTAL,
        "/gongkai.rpc.requests.v1.RequestService/FetchReplyFile": _PORTAL,
        "/gongkai.rpc.requests.v1.RequestService/ListRequests": _STAFF,
        "/gongkai.rpc.requests.v1.RequestService/GetRequest": _STAFF,
        "/gongkai.rpc.requests.v1.RequestService/ReadApplicant": _STAFF,
        "/gongkai.rpc.requests.v1.RequestService/ConfirmReceipt": _STAFF,
        "/gongkai.rpc.requests.v1.RequestService/CorrectReceipt": _STAFF,
        "/gongkai.rpc.requests.v1.RequestService/RecordSearch": _STAFF,
        "/gongkai.rpc.requests.v1.RequestService/Decide": _STAFF,
        "/gongkai.rpc.requests.v1.RequestService/UploadReplyFile": _STAFF,
        "/gongkai.rpc.requests.v1.RequestService/EraseApplicant": _STAFF_OPERATOR,
        "/gongkai.rpc.search.v1.SearchService/Search": _READERS,
        "/gongkai.rpc.search.v1.SearchService/Rebuild": _OPERATOR,
    }
)


def may_call(caller: Caller, method: str) -> bool:
    """Tell whether ``caller`` may call ``/package.Service/Method``; a method without a row is nobody's."""
    granted = ACCESS.get(method, frozenset())
    return caller.kind in granted or str(caller) in granted


def is_open(method: str) -> bool:
    """Tell whether the method belongs to a service that asks for no token."""
    return any(method.startswith(service) for service in ANYBODY)
