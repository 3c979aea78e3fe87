"""What several test files share."""

from hypothesis import settings


def examples(n):
    """So many of hypothesis, or as many fewer as the profile in use has than its usual hundred."""
    return max(1, n * settings.default.max_examples // 100)
