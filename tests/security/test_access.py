"""Who may call what."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from google.protobuf import descriptor_pool

import gongkai.rpc
from gongkai.security.access import ACCESS, is_open, may_call
from gongkai.security.tokens import Caller

pytestmark = pytest.mark.domain

SERVICE = Caller("service", "portal")
OPERATOR = Caller("operator", "operator")
ORGAN = Caller("organ", "341323-mzj")
PUBLISHING = "/gongkai.rpc.publishing.v1."


def every_method() -> set[str]:
    methods = set()
    for module in pkgutil.walk_packages(gongkai.rpc.__path__, "gongkai.rpc."):
        if module.name.endswith("_pb2"):
            file = importlib.import_module(module.name).DESCRIPTOR
            assert descriptor_pool.Default().FindFileByName(file.name) is file
            for service in file.services_by_name.values():
                methods |= {f"/{service.full_name}/{method.name}" for method in service.methods}
    return methods


def test_every_method_has_a_row_and_every_row_a_method() -> None:
    """No servicer's method is without a decision on who may call it, and no row is about nothing."""
    assert set(ACCESS) == every_method()
    assert all(ACCESS.values())


def test_methods_without_a_row_are_nobodys() -> None:
    """What the table does not name is refused, whoever calls."""
    for caller in (SERVICE, OPERATOR, ORGAN):
        assert not may_call(caller, "/gongkai.rpc.search.v1.SearchService/Invented")


def test_no_method_of_ours_is_open() -> None:
    """Only health and reflection ask for no token."""
    assert not any(is_open(method) for method in ACCESS)
    assert is_open("/grpc.health.v1.Health/Check")


@pytest.mark.parametrize(
    ("method", "allowed"),
    [
        (PUBLISHING + "ContentService/UploadContent", {SERVICE, OPERATOR, ORGAN}),
        (PUBLISHING + "ContentService/FetchContent", {SERVICE, OPERATOR}),
        (PUBLISHING + "ContentService/DestroyContent", {OPERATOR}),
        ("/gongkai.rpc.ops.v1.OpsService/RefillStream", {OPERATOR}),
        ("/gongkai.rpc.catalog.v1.CatalogService/RegisterOrgan", {OPERATOR}),
        ("/gongkai.rpc.search.v1.SearchService/Search", {SERVICE, OPERATOR}),
    ],
)
def test_who_may(method: str, allowed: set[Caller]) -> None:
    """Reading is for services, commands on the platform for the operator, uploads for organs too."""
    assert {caller for caller in (SERVICE, OPERATOR, ORGAN) if may_call(caller, method)} == allowed
