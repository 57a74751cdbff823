"""What a manifest declares is what can be done."""

from __future__ import annotations

from collections.abc import Sequence

from foxtrot.capabilities import Capability
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.negative import refused_before_any_io
from foxtrot.testkit.scenarios.registry import scenario


def lacking(spec: AdapterSpec) -> Sequence[Capability]:
    """Return what a venue does not have, or the adapter does not offer."""
    return [capability for capability, feature in spec.capabilities.items() if not feature.support.usable]


@scenario(cases=lacking)
async def what_is_lacking_is_refused_before_any_io(bench: Bench, lacks: Capability) -> None:
    """What a venue lacks raises UnsupportedError, and the venue hears nothing of it."""
    await refused_before_any_io(bench, lacks)
