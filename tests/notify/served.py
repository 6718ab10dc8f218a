"""The notify service as a process, with the leases and questions of minutes brought down to seconds."""

from __future__ import annotations

from gongkai.serving.clock import utc_now
from gongkai.serving.lifecycle import Service, run
from services.notify.channels import open_channels
from services.notify.composing import put_together
from services.notify.sending.outcomes import Pace

QUICK = Pace(send_limit=2.0, lease=3.0, ask_after=(0.1, 0.5, 1.0), first_delay=0.2, most_delay=1.0, idle=0.1)


async def compose(service: Service) -> None:
    await put_together(service, open_channels(service.settings, utc_now), QUICK)


if __name__ == "__main__":
    run("notify", compose, need=("database_url", "nats_url"))
