"""When did it end? What a test may say of time on a machine that is busy with others.

That nothing ends before its time is exact. That it ends no later than so says which deadline ended
it, no more: a process may stand still for a second where many want the processor. Deadlines that a
test tells apart therefore lie further apart than `LATE_S`.
"""

EARLY_S = 0.05
"""What two clocks of two processes may differ by."""
LATE_S = 2.0
"""How much later than its time a thing may be seen to end."""
SOON_S = LATE_S
"""`At once`, where what would end it otherwise is far away."""
LONGEST_S = 120
"""How long a program that a test starts may take."""


def assert_ended_at(deadline_s: float, took_s: float) -> None:
    """It was this deadline that ended it."""
    assert deadline_s - EARLY_S < took_s < deadline_s + LATE_S
