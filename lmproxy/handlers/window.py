"""How many in the last seconds? A sliding window per key, exact, for a bounded number of keys.

A request counts from the moment it was taken until, but not at, `window_s` later. When there are
too many keys, the one not seen for longest that is not at its limit is forgotten. So who floods the
window with new keys frees none that is limited, and if all are, new ones share one count.
"""

from collections import OrderedDict, deque


class Window:
    """The times of what was taken, by key. Times are seconds of one clock that never runs back."""

    def __init__(self, most: int, window_s: float, most_keys: int) -> None:
        """At most `most` within `window_s`, counted for `most_keys` at once."""
        self._most = most
        self._window_s = window_s
        self._most_keys = most_keys
        self._open: OrderedDict[str, deque[float]] = OrderedDict()
        """Those below their limit, the one not seen for longest first."""
        self._full: OrderedDict[str, deque[float]] = OrderedDict()
        """Those that reached it, in the order in which they did."""
        self._shared: deque[float] = deque()

    def __len__(self) -> int:
        return len(self._open) + len(self._full)

    def take(self, key: str, now: float) -> float:
        """Count one for `key`: 0.0; or, if it has no more, the seconds until there is one."""
        times = self._times(key, now)
        self._forget_old(times, now)
        if len(times) >= self._most:
            return max(times[0] + self._window_s - now, 1e-9)
        times.append(now)
        if times is not self._shared:
            self._put(key, times)
        return 0.0

    def give_back(self, key: str, at: float) -> None:
        """Count what was taken for `key` at `at` no more."""
        times = self._full.get(key) or self._open.get(key) or self._shared
        if at not in times:
            return
        if times[-1] == at:
            times.pop()
        else:
            times.remove(at)
        if times is not self._shared:
            self._put(key, times)

    def _times(self, key: str, now: float) -> deque[float]:
        times = self._full.get(key)
        if times is None:
            times = self._open.get(key)
        if times is not None:
            return times
        if len(self) < self._most_keys or self._make_room(now):
            return deque()
        return self._shared

    def _put(self, key: str, times: deque[float]) -> None:
        """File `times` where its number belongs, as seen just now."""
        if len(times) >= self._most:
            self._open.pop(key, None)
            self._full[key] = times
            self._full.move_to_end(key)
        else:
            self._full.pop(key, None)
            self._open[key] = times
            self._open.move_to_end(key)

    def _make_room(self, now: float) -> bool:
        """Forget one key, if there is one that may be."""
        if self._full:
            key, times = next(iter(self._full.items()))
            self._forget_old(times, now)
            if len(times) < self._most and not (times and self._open):
                del self._full[key]
                return True
        if self._open:
            self._open.popitem(last=False)
            return True
        return False

    def _forget_old(self, times: deque[float], now: float) -> None:
        while times and now - times[0] >= self._window_s:
            times.popleft()
