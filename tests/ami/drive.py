"""One AMI action by panoramisk: drive.py HOST USER NAME=VALUE...

Prints the messages of the answer, a field a line, and an empty line after each. The password is the
user's name.
"""

import asyncio
import sys

from panoramisk import Manager


async def main(host, user, *fields):
    manager = Manager(
        loop=asyncio.get_running_loop(), host=host, port=5038, username=user, secret=user
    )
    await manager.connect()
    action = dict(field.split("=", 1) for field in fields)
    answer = await asyncio.wait_for(manager.send_action(action), 8)
    for message in answer if isinstance(answer, list) else [answer]:
        for name, values in message.items():
            for value in values if isinstance(values, list) else [values]:
                print(f"{name}: {value}")
        print()
    manager.close()


asyncio.run(main(*sys.argv[1:]))
