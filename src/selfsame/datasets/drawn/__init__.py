"""Sets that are drawn from outlines at any size: emoji, letters and digits.

What lies between the pixels of such a picture is known: it can be drawn larger.
"""
