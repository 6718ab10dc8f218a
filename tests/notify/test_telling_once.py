"""From a published record to one message for each who wants it, whatever happens on the way."""

from __future__ import annotations

from tests.notify.channel import CountingChannel
from tests.notify.world import Place, record


async def test_a_subscriber_is_told_of_a_record_once(place: Place) -> None:
    """One confirmed subscription, one matching record, one mail with a link to read and one to leave."""
    mail = CountingChannel()
    async with place.running(mail) as running:
        await running.subscribe("wang@example.com")
        await running.tell(record(1))
        counts = await running.settled(sent=1)
    assert counts == {"sent": 1}
