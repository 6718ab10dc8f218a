"""One row of a catalogue, read."""

from __future__ import annotations

from collections.abc import Mapping

from gongkai.contracts.matters import MatterReading
from services.catalog.domain.reading.channels import read_channels
from services.catalog.domain.reading.citations import read_citations
from services.catalog.domain.reading.columns import read_audience, read_levels, read_modes
from services.catalog.domain.reading.elements import read_elements
from services.catalog.domain.reading.timelimits import read_time_limits


def read_row(row: Mapping[str, str]) -> MatterReading:
    """Read the structure of a row's prose.

    Args:
        row: the columns by their names: content_elements, legal_basis, time_limit, channels, audience, mode, levels.
            A column that is missing counts as empty.

    Returns:
        what is certain; ``flags`` has a Chinese sentence for everything else. Never raises.
    """
    elements = read_elements(row.get("content_elements", ""))
    citations = read_citations(row.get("legal_basis", ""))
    limits = read_time_limits(row.get("time_limit", ""))
    channels = read_channels(row.get("channels", ""))
    audience = read_audience(row.get("audience", ""))
    modes = read_modes(row.get("mode", ""))
    levels = read_levels(row.get("levels", ""))
    return MatterReading(
        time_limits=limits.found,
        channels=channels.found,
        elements=elements.found,
        citations=citations.found,
        levels=levels.found,
        modes=modes.found,
        audience=audience.kind,
        group=audience.group,
        flags=(
            *elements.flags, *citations.flags, *limits.flags, *channels.flags, *audience.flags, *modes.flags,
            *levels.flags,
        ),
    )  # fmt: skip
