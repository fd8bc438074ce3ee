"""The keys of the monitor."""

from __future__ import annotations

from hlr_tui.keys import Key, declare

KEYS = declare(
    Key("monitor.view", "v", "toggle_view", "Runs/methods"),
    Key("monitor.open", "enter", "open", "Open"),
    Key("monitor.filter", "slash", "filter", "Filter"),
    Key("monitor.metric", "m", "next_metric", "Metric"),
    Key("monitor.log", "l", "toggle_log", "Log axis", footer=False),
    Key("monitor.solo", "o", "solo", "Solo"),
    Key("monitor.hide", "h", "hide", "Hide", footer=False),
    Key("monitor.pin", "p", "pin", "Pin", footer=False),
    Key("monitor.show_all", "a", "show_all", "Show all lines", footer=False),
    Key("monitor.budget", "b", "next_slice", "Next stage and budget", footer=False),
    Key("monitor.rank", "t", "rank", "Rank by validation loss", footer=False),
    Key("monitor.less_smoothing", "less_than_sign", "smooth(-0.1)", "Less smoothing", footer=False),
    Key("monitor.smoothing", "greater_than_sign", "smooth(0.1)", "More smoothing", footer=False),
    Key("monitor.crew", "w", "toggle_crew", "Workers"),
    Key("monitor.follow", "f", "follow", "Follow the newest running experiment", footer=False),
    Key("monitor.stop", "s", "stop", "Stop"),
    Key("monitor.resume", "r", "resume", "Resume"),
    Key("monitor.back", "escape", "back", "Back: cursor, filter, solo, method", footer=False),
)
