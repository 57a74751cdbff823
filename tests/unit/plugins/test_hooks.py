"""Hook plug-ins are loaded one by one; a refused one leaves nothing behind."""

import logging
from collections.abc import Callable

import pytest

from foxtrot.plugins import load_hooks

Install = Callable[..., None]
GROUP = "foxtrot.plugins"
GOOD = """
from foxtrot.hookspecs import hookimpl
closed = []
@hookimpl
def foxtrot_exchange_closed(exchange): closed.append(exchange)
"""
HALF = """
from foxtrot.hookspecs import hookimpl
@hookimpl
def foxtrot_before_place(exchange): raise AssertionError("a refused plug-in was called")
@hookimpl
def foxtrot_contract_loaded(nonsense): pass
@hookimpl
def foxtrot_exchange_closed(nonsense): pass
"""


def test_the_hooks_of_a_good_plugin_work_beside_broken_ones(install: Install, caplog: pytest.LogCaptureFixture) -> None:
    install("a-dist", {GROUP: {"wreck": "hook_wreck"}}, {"hook_wreck": "raise RuntimeError('boom')"})
    install("b-dist", {GROUP: {"quitter": "hook_quits"}}, {"hook_quits": "raise SystemExit(3)"})
    install("c-dist", {GROUP: {"half": "hook_half"}}, {"hook_half": HALF})
    install("d-dist", {GROUP: {"zz-good": "hook_good"}}, {"hook_good": GOOD})
    with caplog.at_level(logging.ERROR, "foxtrot.plugins"):
        manager = load_hooks()
    manager.hook.foxtrot_exchange_closed(exchange="toy")
    manager.hook.foxtrot_before_place(exchange="toy", order=None)
    assert manager.get_plugin("zz-good").closed == ["toy"]
    for name in ("wreck", "quitter", "half"):
        assert not manager.has_plugin(name)
        assert f"the plug-in {name} " in caplog.text


def test_the_second_of_two_plugins_of_one_name_is_left_out_and_told(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("b-dist", {GROUP: {"twin": "hook_b"}}, {"hook_b": GOOD})
    install("a-dist", {GROUP: {"twin": "hook_a"}}, {"hook_a": GOOD})
    assert load_hooks().get_plugin("twin").__name__ == "hook_a"
    assert "the plug-in twin (hook_b) is left out" in caplog.text


def test_a_blocked_plugin_is_not_imported(
    install: Install, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    install("a-dist", {GROUP: {"noisy": "hook_noisy"}}, {"hook_noisy": "raise RuntimeError('imported')"})
    monkeypatch.setenv("FOXTROT_BLOCKED", "noisy")
    assert load_hooks().has_plugin("sandbox")
    assert not load_hooks(blocked=["sandbox", "noisy"]).has_plugin("sandbox")
    assert caplog.records == []
