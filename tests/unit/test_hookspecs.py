"""Observers are isolated from each other; deciders are checked when they register."""

import logging

import pluggy
import pytest

from foxtrot.hookspecs import hookimpl, new_manager, notify


class Listener:
    def __init__(self, name: str, heard: list[str]) -> None:
        self.name = name
        self.heard = heard

    @hookimpl
    def foxtrot_exchange_closed(self, exchange: str) -> None:
        self.heard.append(f"{self.name}:{exchange}")


class Failing:
    @hookimpl
    def foxtrot_exchange_closed(self) -> None:
        raise RuntimeError("boom")


def test_an_observer_that_fails_is_logged_and_all_others_are_still_told(caplog: pytest.LogCaptureFixture) -> None:
    manager = new_manager()
    heard: list[str] = []
    for name, plugin in (("first", Listener("a", heard)), ("bad", Failing()), ("last", Listener("b", heard))):
        manager.register(plugin, name=name)
    with caplog.at_level(logging.ERROR, "foxtrot.hooks"):
        notify(manager, "foxtrot_exchange_closed", exchange="toy")
    assert sorted(heard) == ["a:toy", "b:toy"]
    assert "the plug-in bad failed in foxtrot_exchange_closed" in caplog.text
    assert "boom" in caplog.text


def test_observers_are_told_in_the_order_of_pluggy() -> None:
    heard: list[str] = []
    manager = new_manager()
    for name in ("a", "b"):
        manager.register(Listener(name, heard), name=name)
    manager.hook.foxtrot_exchange_closed(exchange="toy")
    notify(manager, "foxtrot_exchange_closed", exchange="toy")
    assert heard[:2] == heard[2:]


def test_a_hook_that_asks_for_something_it_is_not_given_cannot_be_registered() -> None:
    class Curious:
        @hookimpl
        def foxtrot_before_place(self, exchange: str, order: object, secret: str) -> None: ...

    with pytest.raises(pluggy.PluginValidationError, match="secret"):
        new_manager().register(Curious())
