"""The people of a file of subscribers, as a test compares them."""

from newsletter.domain.subscribers.audience import Entry, SuppressedEntry
from newsletter.subscriber_files.subscriber_file import SubscriberFile


def added(file: SubscriberFile) -> list[Entry]:
    return [person for _, person in file.people if isinstance(person, Entry)]


def to_suppress(file: SubscriberFile) -> list[SuppressedEntry]:
    return [person for _, person in file.people if isinstance(person, SuppressedEntry)]
