"""notify, composed and run: ``python -m services.notify``."""

from __future__ import annotations

from gongkai.serving.clock import utc_now
from gongkai.serving.lifecycle import Service, run
from services.notify.channels import open_channels
from services.notify.composing import put_together
from services.notify.sending.outcomes import Pace


async def compose(service: Service) -> None:
    """Put the service together with the channels its settings name."""
    await put_together(service, open_channels(service.settings, utc_now), Pace())


if __name__ == "__main__":
    run("notify", compose, need=("database_url", "nats_url"))
