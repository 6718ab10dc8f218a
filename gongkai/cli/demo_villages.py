"""The demo's stewards publish two villages' lists, from the model list, as on their pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gongkai.cli.demo_catalogues import as_demo_person
from gongkai.cli.endpoints import Endpoints
from gongkai.demo.villages import DemoVillage, demo_villages
from gongkai.rpc.catalog.v1 import villages_pb2 as pb
from gongkai.rpc.catalog.v1.villages_pb2_grpc import VillageServiceStub


async def publish_demo_villages(endpoints: Endpoints) -> None:
    """Publish the lists; what is published already is left alone, what was broken off goes on.

    Raises:
        grpc.aio.AioRpcError: catalog refuses or does not answer.
    """
    wanted = demo_villages()
    waiting: list[pb.VillageDraft] = []
    async with as_demo_person(endpoints, wanted[0].drafts) as opened:
        drafts = VillageServiceStub(opened)
        for one in wanted:
            draft = (await drafts.GetVillageDraft(pb.GetVillageDraftRequest(village=one.village))).draft
            if draft.number:
                continue
            name = f"demo:village:{one.village}"
            if not draft.items:
                begin = pb.SaveVillageListRequest(command_id=f"{name}:model", village=one.village, model=True)
                draft = (await drafts.SaveVillageList(begin)).draft
            if draft.phase != "proposed":
                saved = pb.SaveVillageListRequest(
                    command_id=f"{name}:save:{draft.version}", village=one.village, seen=draft.version,
                    items=_items(one, draft.items),
                )  # fmt: skip
                await drafts.SaveVillageList(saved)
                proposal = pb.ProposeVillageListRequest(
                    command_id=f"{name}:propose:{draft.version}",
                    village=one.village,
                    note="首份清单，请复核。",
                )
                draft = (await drafts.ProposeVillageList(proposal)).draft
            waiting.append(draft)
    if not waiting:
        return
    async with as_demo_person(endpoints, wanted[0].confirms) as opened:
        confirms = VillageServiceStub(opened)
        for draft in waiting:
            command = f"demo:village:{draft.village}:publish:{draft.version}"
            await confirms.PublishVillageList(
                pb.PublishVillageListRequest(command_id=command, village=draft.village, seen=draft.version)
            )


def _items(wanted: DemoVillage, items: Iterable[pb.VillageItem]) -> Iterator[pb.VillageItem]:
    for item in items:
        if item.level2 in wanted.without:
            continue
        for field, value in wanted.set.get(item.level2, {}).items():
            setattr(item, field, int(value) if field in ("month", "day") else value)
        yield item
