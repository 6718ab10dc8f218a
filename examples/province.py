"""A province's client in one page: read every public fact, once, from where it stopped.

python examples/province.py nats://127.0.0.1:4222 province.creds place.json
Needs only `nats-py`. A place is (epoch, position) in the city's log; a stream sequence does not survive a refill.
"""

import asyncio
import json
import sys
from pathlib import Path

import nats
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

STREAM = "FEED_PUBLISHING"
FROM_THE_START = ConsumerConfig(
    deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.NONE, inactive_threshold=60, mem_storage=True
)


async def main(url: str, credentials: str, place_file: str) -> None:
    place = Path(place_file)
    epoch, position = json.loads(place.read_text()) if place.exists() else ("", 0)
    connection = await nats.connect(
        url, user_credentials=credentials, inbox_prefix=b"_INBOX_province", max_reconnect_attempts=-1
    )
    stream = connection.jetstream()
    reader = (await stream.add_consumer(STREAM, FROM_THE_START)).name
    facts = await stream.pull_subscribe_bind(consumer=reader, stream=STREAM)
    while True:
        try:
            messages = await facts.fetch(500, timeout=1)
        except TimeoutError:
            if (await facts.consumer_info()).num_pending == 0:
                break  # caught up; a real client goes on fetching
            continue
        for message in messages:
            here = (message.headers["ce-gkepoch"], int(message.headers["ce-gkposition"]))
            if here[0] == epoch and here[1] <= position:
                continue  # known: refills repeat facts, with the same id, epoch and position
            print(message.subject, message.headers["ce-id"], message.data.decode())
            epoch, position = here
        place.write_text(json.dumps([epoch, position]))
    await connection.close()


asyncio.run(main(*sys.argv[1:4]))
