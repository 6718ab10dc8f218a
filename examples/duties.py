"""What must we disclose? Ask, check a document, send it, and then hear of every change.

python examples/duties.py nats://127.0.0.1:4222 ORGAN.creds 341323-mzj 341323000000 PLACE_FILE
Needs only `nats-py`, and department.py beside it. What is asked and answered: docs/integrate.md.
"""

import asyncio
import json
import sys
from pathlib import Path

import nats
from department import DOCUMENT, send


async def main(url: str, credentials: str, organ: str, division: str, kept: str) -> None:
    news = asyncio.Queue()  # hints that something changed; `changes` tells what, and misses nothing

    async def hint(*_: object) -> None:
        await news.put(None)

    async def ask(question: str, **asked: object) -> dict:
        data = json.dumps(asked).encode()
        answer = json.loads((await link.request(f"ask.{organ}.{question}", data, timeout=10)).data)
        return answer if "error" not in answer else sys.exit(json.dumps(answer, ensure_ascii=False))

    own = {"user_credentials": credentials, "inbox_prefix": f"_INBOX_organ-{organ}".encode()}
    link = await nats.connect(url, reconnected_cb=hint, max_reconnect_attempts=-1, **own)
    for above in {division, f"{division[:6]}000000", f"{division[:4]}00000000"}:
        await link.subscribe(f"feed.{above}.catalog.>", cb=hint)  # before the first question
    duties = await ask("duties", page_size=20)  # `next_page_token` asks for the next ones
    print(duties["total"], "matters, by edition", duties["edition"]["number"], flush=True)
    duty = max(duties["duties"], key=lambda one: len(one["schema"]["required"]))
    matter, required = duty["row"]["matter"], duty["schema"]["required"]
    for elements in ({}, dict.fromkeys(required, "见正文")):
        checked = await ask("validate", matter=matter, elements=elements)
        print("valid" if checked["valid"] else "\n".join(one["message"] for one in checked["reasons"]))
    document = DOCUMENT | {"division": division, "record": matter, "matter": matter, "elements": elements}
    print(json.dumps(await send(link, organ, document), ensure_ascii=False), flush=True)
    place = Path(kept).read_text() if Path(kept).exists() else duties["place"]
    while True:
        answer = await ask("changes", place=place)
        for change in answer["changes"]:
            print(json.dumps(change, ensure_ascii=False), flush=True)
        place = answer["place"]
        Path(kept).write_text(place)  # after they were dealt with: a crash repeats a change, it loses none
        await (news.get() if not answer["changes"] else asyncio.sleep(0))


asyncio.run(main(*sys.argv[1:6]))
