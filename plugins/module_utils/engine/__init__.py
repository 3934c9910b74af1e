# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""A machine's Docker Engine: how it is asked, what is in it, and who may use it.

Change here how long an answer may take or be, and what is read of one. What a caller makes of it is
decided elsewhere: in facts, reset and lesson.
"""
