# 02_suspend_resume.py: the twin of chapter-3.3.1/02_suspend_resume.c
#
# SPDX-License-Identifier: MIT
import asyncio

from virtual_time import run, say


def fibonacci(n):
    a, b = 1, 1
    for _ in range(n):
        yield a
        a, b = b, a + b


async def driver():
    numbers = fibonacci(5)
    resumes = 0
    finished = False
    while not finished:
        await asyncio.sleep(0.1)
        try:
            value = next(numbers)
        except StopIteration:
            finished = True
        else:
            resumes += 1
            say(f"yielded {value}")
    say(f"resumes={resumes} finished={int(finished)}")


run(driver())
