"""A small workbook of our own in a temporary folder, for the tests of the tool.

Its "grade" is a script. The suite is a text file with one behaviour a line, "points name"; the
learner's module passes the behaviours whose names stand in it, as strings of the C source:
    const char passes[] = "|it starts|it ends|";
"mode:..." in the module makes the grader misbehave.

SPDX-License-Identifier: MIT
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

GRADE = r'''#!@PYTHON@
import json, os, re, signal, sys, time
suite, learner = sys.argv[-2:]
named = [name for option, name in zip(sys.argv, sys.argv[1:]) if option == '--named']
module = open(learner, 'rb').read()
mode = re.search(rb'mode:([a-z_]+)', module)
mode = mode.group(1).decode() if mode else ''
behaviours = []
for line in open(suite, encoding='utf-8'):
    points, name = line.rstrip('\n').split(' ', 1)
    if named and name not in named:
        continue
    passed = ('|%s|' % name).encode() in module
    behaviours.append({'name': name, 'points': int(points) if passed else 0, 'max': int(points),
                       'passed': passed,
                       'message': '' if passed else 'expected  got\n0.000  \x1b[2J\n'
                                  'the idea: of %s\nsee it:   ./workbook' % name})
points = sum(b['points'] for b in behaviours)
most = sum(b['max'] for b in behaviours)
if not set(named) <= {b['name'] for b in behaviours}:
    sys.exit('grade: no behaviour is called: %s' % named)
report = {'name': 'x', 'points': points, 'max': most, 'message': '', 'seconds': 0.01,
          'outcome': 'passed' if points == most else 'failed', 'behaviours': behaviours}
if mode == 'die':
    sys.stderr.write('the end is near\n'); sys.stderr.flush()
    os.kill(os.getpid(), signal.SIGSEGV)
elif mode == 'status':
    sys.exit(3)
elif mode == 'hang':
    open(os.environ['TEST_STARTED'], 'w').write(str(os.getpid()))
    time.sleep(600)
elif mode == 'flood':
    for _ in range(2000):
        sys.stdout.write('x' * 65536)
elif mode == 'wrong_type':
    report['points'] = str(points)
elif mode == 'contradiction':
    report['outcome'] = 'passed'
elif mode == 'generous':
    report['points'] = most
elif mode == 'long':
    for b in behaviours:
        row = '0.100  %-60s > 0.200  %s' % (('as long as a line ' * 3,) * 2)
        b['message'] = b['message'].replace('0.000  ', row + '\nexpected  ' + 'a word or two ' * 20)
elif mode == 'tail':
    print(json.dumps(report))
print('no JSON' if mode == 'garbage' else json.dumps(report))
'''.replace('@PYTHON@', sys.executable)

SUITE = '2 it starts\n3 it ends # SKIP not\n'
PASSING = '#include "NAME.h"\nconst char passes[] = "|it starts|it ends # SKIP not|";\n'
PART = '#include "NAME.h"\nconst char passes[] = "|it starts|";\n'
SKELETON = ('#include "NAME.h"\n/* TODO(2): the second. */\n'
            '/* TODO(1): what must\n *   be true. */\n// TODO(3): the third.\n'
            'const char passes[] = "";\n')
README = '''# Tasks

## 01_async_await

Write the steps
in a row.

More of it.

### Hint 1

<details><summary>Show it</summary>

First hint.
```c
## no heading
```

</details>

### Hint 2
Second hint.

## 02_suspend_resume: resume
Another task.
'''
MUTANT = '''Wrong: it never ends.
Fails: %s
--- a/solutions/3.3.1/01_async_await.c
+++ b/solutions/3.3.1/01_async_await.c
@@ -1,2 +1,2 @@
 #include "01_async_await.h"
-const char passes[] = "|it starts|it ends # SKIP not|";
+const char passes[] = "%s";
'''


class Tree:
    """The fake source tree and build folder."""

    def __init__(self, tool):
        self.tool = tool
        self.root = os.path.realpath(tempfile.mkdtemp(prefix='workbook-test-'))
        self.build = os.path.join(self.root, 'build')
        self.write('build/tests/support/grade', GRADE)
        os.chmod(self.path('build/tests/support/grade'), 0o755)
        self.add('3.3.1', '01_async_await', SUITE)
        self.add('3.3.1', '02_suspend_resume', SUITE)
        self.add('3.3.1', 'p1_coroutines', '20 all of it\n')
        self.add('3.3.2', '08_http_client', SUITE)
        self.write('exercises/3.3.1/README.md', README)
        self.write('chapter-3.3.1/hello_world.c', '')
        self.write('build/chapter-3.3.1/hello_world', '#!/bin/sh\necho "$LD_PRELOAD|$*"\nexit 7\n')
        os.chmod(self.path('build/chapter-3.3.1/hello_world'), 0o755)

    def close(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def git(self, *arguments):
        subprocess.run(['git', '-c', 'user.name=t', '-c', 'user.email=t@t', *arguments],
                       cwd=self.root, check=True, capture_output=True)

    def commit(self):
        self.write('.gitignore', 'build/\n')
        self.git('init')
        self.git('add', '.')
        self.git('commit', '-m', 'all')

    def path(self, name):
        return os.path.join(self.root, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), 'w', encoding='utf-8') as file:
            file.write(text)

    def add(self, section, name, suite):
        self.write(f'exercises/{section}/{name}.h', '')
        self.source(section, name, SKELETON)
        self.write(f'build/{self.suite_of(section, name)}', suite)
        self.write(f'tests/{section}/check_{name}.c', '')

    @staticmethod
    def suite_of(_section, name):
        return f'tests/check_{name}.so'

    def source(self, section, name, text, tree='exercises'):
        self.write(f'{tree}/{section}/{name}.c', text.replace('NAME', name))

    def environment(self, **changes):
        environment = {k: v for k, v in os.environ.items()
                       if k not in ('LANG', 'LC_ALL', 'LC_MESSAGES', 'NO_COLOR', 'LD_PRELOAD')}
        environment.update(WORKBOOK_ROOT=self.root, WORKBOOK_BUILD=self.build,
                           TEST_STARTED=self.path('started'), **changes)
        return environment

    def run(self, *arguments, stdin='', cwd=None, **environment):
        return subprocess.run([self.tool, *arguments], env=self.environment(**environment),
                              input=stdin, capture_output=True, text=True, timeout=60,
                              cwd=cwd or self.root)

    def json(self, *arguments, **options):
        """The exercises of `test --json`, by name, and the exit status."""
        result = self.run('test', '--json', *arguments, **options)
        return {e['name']: e for e in json.loads(result.stdout)['exercises']}, result.returncode

    def interrupt(self, *arguments, number=signal.SIGINT):
        """Runs until the grader hangs, sends the signal; exit status and the grader's pid."""
        with subprocess.Popen([self.tool, *arguments], env=self.environment(), cwd=self.root,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            for _ in range(1000):
                if os.path.exists(self.path('started')) and os.path.getsize(self.path('started')):
                    break
                time.sleep(0.01)
            process.send_signal(number)
            process.communicate(timeout=20)
        with open(self.path('started'), encoding='utf-8') as file:
            return process.returncode, int(file.read())

    def left_over(self):
        """What is left in the folder of temporary folders."""
        folder = self.path('build/grading')
        return os.listdir(folder) if os.path.isdir(folder) else []


class WorkbookTest(unittest.TestCase):
    """A test with a tree of its own, in which no temporary folder may be left over."""
    tool = ''

    def setUp(self):
        self.tree = Tree(self.tool)
        self.addCleanup(self.tree.close)

    def tearDown(self):
        self.assertEqual(self.tree.left_over(), [], 'temporary folders are left')


def main():
    """Runs the tests of the main module on the tool that the first argument names."""
    WorkbookTest.tool = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
