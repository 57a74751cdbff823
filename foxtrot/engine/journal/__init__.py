"""The journal: what was intended, what became of it, and how far the venue has been read, in one SQLite file."""

from foxtrot.engine.journal.account import AccountJournal, NoJournal, OrderJournal
from foxtrot.engine.journal.journal import Journal
from foxtrot.engine.journal.reader import JournalReader
from foxtrot.engine.journal.records import Cursor, Intent, OrderNote, Recovered

__all__ = [
    "AccountJournal",
    "Cursor",
    "Intent",
    "Journal",
    "JournalReader",
    "NoJournal",
    "OrderJournal",
    "OrderNote",
    "Recovered",
]
