# bad_lost_update.py: the twin of chapter-3.3.1/bad_lost_update.c, with the same mistake
#
# SPDX-License-Identifier: MIT
import asyncio

from virtual_time import run, say


class Account:
    balance = 100


async def withdraw(account, name, amount):
    say(f"{name}: asks for {amount} of {account.balance}")
    if amount <= account.balance:
        await asyncio.sleep(0.1)  # the approval: others run here
        account.balance -= amount
        say(f"{name}: gets {amount}, leaves {account.balance}")


async def main():
    account = Account()
    await asyncio.gather(withdraw(account, "A", 90), withdraw(account, "B", 90))


run(main())
