"""The services the portal asks: one client each in the portal's own name, and those a person's token goes through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from grpc import aio

from gongkai.rpc.catalog.v1.bases_pb2_grpc import BasisServiceStub
from gongkai.rpc.catalog.v1.catalog_pb2_grpc import CatalogServiceStub
from gongkai.rpc.catalog.v1.catalogues_pb2_grpc import CatalogueServiceStub
from gongkai.rpc.catalog.v1.duties_pb2_grpc import DutyServiceStub
from gongkai.rpc.catalog.v1.identity_pb2_grpc import IdentityServiceStub
from gongkai.rpc.catalog.v1.villages_pb2_grpc import VillageServiceStub
from gongkai.rpc.notify.v1.notify_pb2_grpc import NotifyServiceStub
from gongkai.rpc.oversight.v1.oversight_pb2_grpc import OversightServiceStub
from gongkai.rpc.publishing.v1.drafts_pb2_grpc import DraftServiceStub
from gongkai.rpc.publishing.v1.publishing_pb2_grpc import ContentServiceStub, RecordServiceStub
from gongkai.rpc.requests.v1.requests_pb2_grpc import RequestServiceStub
from gongkai.rpc.search.v1.search_pb2_grpc import SearchServiceStub
from services.portal.clients import Bound, Signed

if TYPE_CHECKING:  # the generated modules have these names for the type checker alone
    from gongkai.rpc.catalog.v1.bases_pb2_grpc import BasisServiceAsyncStub
    from gongkai.rpc.catalog.v1.catalog_pb2_grpc import CatalogServiceAsyncStub
    from gongkai.rpc.catalog.v1.catalogues_pb2_grpc import CatalogueServiceAsyncStub
    from gongkai.rpc.catalog.v1.duties_pb2_grpc import DutyServiceAsyncStub
    from gongkai.rpc.catalog.v1.identity_pb2_grpc import IdentityServiceAsyncStub
    from gongkai.rpc.catalog.v1.villages_pb2_grpc import VillageServiceAsyncStub
    from gongkai.rpc.notify.v1.notify_pb2_grpc import NotifyServiceAsyncStub
    from gongkai.rpc.oversight.v1.oversight_pb2_grpc import OversightServiceAsyncStub
    from gongkai.rpc.publishing.v1.drafts_pb2_grpc import DraftServiceAsyncStub
    from gongkai.rpc.publishing.v1.publishing_pb2_grpc import ContentServiceAsyncStub, RecordServiceAsyncStub
    from gongkai.rpc.requests.v1.requests_pb2_grpc import RequestServiceAsyncStub
    from gongkai.rpc.search.v1.search_pb2_grpc import SearchServiceAsyncStub


@dataclass(frozen=True, slots=True)
class Persons:
    """Stubs over channels that add no token: whoever calls shows their own."""

    identity: object
    catalogues: object
    bases: object
    duties: object
    villages: object
    drafts: object
    contents: object
    requests: object
    notify: object


@dataclass(frozen=True, slots=True)
class Offices:
    """Clients of the other services."""

    catalog: CatalogServiceAsyncStub
    catalogues: CatalogueServiceAsyncStub
    bases: BasisServiceAsyncStub
    duties: DutyServiceAsyncStub
    villages: VillageServiceAsyncStub
    identity: IdentityServiceAsyncStub
    records: RecordServiceAsyncStub
    contents: ContentServiceAsyncStub
    uploads: ContentServiceAsyncStub
    """The same contents, over a channel that adds no token: an organ's own token goes through it."""
    search: SearchServiceAsyncStub
    oversight: OversightServiceAsyncStub
    requests: RequestServiceAsyncStub
    notify: NotifyServiceAsyncStub
    persons: Persons

    def identity_for(self, signed: Signed) -> IdentityServiceAsyncStub:
        """Identity, in the name of one of the staff."""
        return cast("IdentityServiceAsyncStub", Bound(self.persons.identity, _token(signed, "catalog")))

    def catalogues_for(self, signed: Signed) -> CatalogueServiceAsyncStub:
        """Catalogues and their drafts, in the name of one of the staff."""
        return cast("CatalogueServiceAsyncStub", Bound(self.persons.catalogues, _token(signed, "catalog")))

    def bases_for(self, signed: Signed) -> BasisServiceAsyncStub:
        """The registry of bases, in the name of one of the staff."""
        return cast("BasisServiceAsyncStub", Bound(self.persons.bases, _token(signed, "catalog")))

    def duties_for(self, signed: Signed) -> DutyServiceAsyncStub:
        """What organs must disclose, in the name of one of the staff."""
        return cast("DutyServiceAsyncStub", Bound(self.persons.duties, _token(signed, "catalog")))

    def villages_for(self, signed: Signed) -> VillageServiceAsyncStub:
        """Villages' lists, in the name of one of the staff."""
        return cast("VillageServiceAsyncStub", Bound(self.persons.villages, _token(signed, "catalog")))

    def drafts_for(self, signed: Signed) -> DraftServiceAsyncStub:
        """Drafts, in the name of one of the staff."""
        return cast("DraftServiceAsyncStub", Bound(self.persons.drafts, _token(signed, "publishing")))

    def contents_for(self, signed: Signed) -> ContentServiceAsyncStub:
        """Contents (uploads), in the name of one of the staff."""
        return cast("ContentServiceAsyncStub", Bound(self.persons.contents, _token(signed, "publishing")))

    def requests_for(self, signed: Signed) -> RequestServiceAsyncStub:
        """Requests for information, in the name of one of the staff."""
        return cast("RequestServiceAsyncStub", Bound(self.persons.requests, _token(signed, "requests")))

    def notify_for(self, signed: Signed) -> NotifyServiceAsyncStub:
        """Messages, in the name of one of the staff."""
        return cast("NotifyServiceAsyncStub", Bound(self.persons.notify, _token(signed, "notify")))


def _token(signed: Signed, audience: str) -> str:
    return signed.tokens.get(audience, "")


async def open_offices(
    peer: Callable[[str], Awaitable[aio.Channel]], bare: Callable[[str], Awaitable[aio.Channel]]
) -> Offices:
    """Make the clients.

    Args:
        peer: opens the channel to a service by name, with the portal's token.
        bare: opens one that adds no token.
    """
    publishing, catalog = await peer("publishing"), await peer("catalog")
    bare_publishing, bare_catalog = await bare("publishing"), await bare("catalog")
    contents = ContentServiceStub(bare_publishing)
    return Offices(
        catalog=CatalogServiceStub(catalog),
        catalogues=CatalogueServiceStub(catalog),
        bases=BasisServiceStub(catalog),
        duties=DutyServiceStub(catalog),
        villages=VillageServiceStub(catalog),
        identity=IdentityServiceStub(catalog),
        records=RecordServiceStub(publishing),
        contents=ContentServiceStub(publishing),
        uploads=contents,
        search=SearchServiceStub(await peer("search")),
        oversight=OversightServiceStub(await peer("oversight")),
        requests=RequestServiceStub(await peer("requests")),
        notify=NotifyServiceStub(await peer("notify")),
        persons=Persons(
            identity=IdentityServiceStub(bare_catalog),
            catalogues=CatalogueServiceStub(bare_catalog),
            bases=BasisServiceStub(bare_catalog),
            duties=DutyServiceStub(bare_catalog),
            villages=VillageServiceStub(bare_catalog),
            drafts=DraftServiceStub(bare_publishing),
            contents=contents,
            requests=RequestServiceStub(await bare("requests")),
            notify=NotifyServiceStub(await bare("notify")),
        ),
    )
