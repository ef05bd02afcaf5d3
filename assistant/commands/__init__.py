"""The commands with a command of their own behind them: `journeys evaluate …` and `journeys train …`."""
