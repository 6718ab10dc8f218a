"""A department's system in one page: send a document, resend until the receipt is there, read it.

python examples/department.py nats://127.0.0.1:4222 ORGAN.creds 341323-mzj
Needs only `nats-py`. What the fields mean: docs/integrate.md.
"""

import asyncio
import json
import sys
import uuid
from contextlib import suppress

import nats

DOCUMENT = {
    "record": "低保-2026-11",  # your own number of it; the same number later is a new version
    "title": "2026年11月城乡最低生活保障资金发放情况",
    "division": "341323000000",
    "kind": "subsidy",
    "formed_on": "2026-11-20",
    "attribute": "proactive",
    "ground": "《政府信息公开条例》第二十条第（十一）项",
    "confirmer": {"name": "审核人姓名", "post": "社会救助股"},
    "body": {"media_type": "text/plain", "text": "11月发放农村低保 812 户。"},
}


async def main(url: str, credentials: str, organ: str) -> int:
    own = {"user_credentials": credentials, "inbox_prefix": f"_INBOX_organ-{organ}".encode()}
    link = await nats.connect(url, max_reconnect_attempts=-1, **own)
    answer = await send(link, organ, DOCUMENT)
    print(json.dumps(answer, ensure_ascii=False, indent=2))
    return 0 if "outcome" in answer else 1


async def send(link: nats.NATS, organ: str, document: dict) -> dict:
    receipts = await link.jetstream().pull_subscribe_bind(consumer=f"reply-{organ}", stream="REPLY")
    event_id = str(uuid.uuid4())  # yours to choose; same id and content: the same answer, for ever
    headers = {"ce-specversion": "1.0", "ce-id": event_id, "ce-source": f"/organs/{organ}"}
    headers["ce-type"] = "cn.gongkai.ingest.document.v1"
    data = json.dumps({**document, "organ": organ}).encode()
    while True:  # until answered: what was not answered may be lost, what was answered never is
        await link.publish(f"ingest.{organ}.document", data, headers=headers)
        with suppress(TimeoutError):
            for message in await receipts.fetch(10, timeout=5):
                await message.ack()
                if (answer := json.loads(message.data))["event_id"] == event_id:
                    return answer


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:4])))
