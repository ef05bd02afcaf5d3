"""All tabs, in their order. A new one is a file with a TAB, and one line here."""

from ui import ask, correct, explore, granularity, journey, notifications, overview, quality, review
from ui.frame import Tab

TABS: tuple[Tab, ...] = (
    overview.TAB,
    explore.TAB,
    journey.TAB,
    correct.TAB,
    granularity.TAB,
    notifications.TAB,
    review.TAB,
    quality.TAB,
    ask.TAB,
)
