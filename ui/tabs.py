"""All tabs, in their order. A new one is a file with a TAB, and one line here."""

from ui import explore, granularity, journey, overview
from ui.frame import Tab

TABS: tuple[Tab, ...] = (overview.TAB, explore.TAB, journey.TAB, granularity.TAB)
