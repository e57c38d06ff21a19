"""Tests of what the tool adds to others' messages: advice to compiler errors, what is left to do.

usage: test_messages.py PATH-OF-WORKBOOK [TEST ...]

SPDX-License-Identifier: MIT
"""
import os
import shutil
import unittest

from fake_tree import PART, PASSING, WorkbookTest, main

FIRST = ('3.3.1', '01_async_await')
EXERCISES = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'exercises')
TASK = '''#include "coro.h"
void task(struct task *t);
void task(struct task *t)
{
%s
}
'''


class Advice(WorkbookTest):
    def setUp(self):
        super().setUp()
        for name in ('coro.h', 'coro_sched.h', 'coro_dump.h'):
            shutil.copy(os.path.join(EXERCISES, name), self.tree.path('exercises/' + name))

    def message(self, body):
        self.tree.source(*FIRST, TASK % body)
        verdict = self.tree.json('01')[0]['01_async_await']
        self.assertEqual(verdict['outcome'], 'compile_error', body)
        return verdict['message']

    def test_errors_inside_the_macros_are_put_into_words(self):
        for body, words in (
                ('TASK_BEGIN(t);\nTASK_YIELD(t); TASK_YIELD(t);\nTASK_END(t);', 'rule 2'),
                ('TASK_BEGIN(t);\nTASK_YIELD(t);', 'no TASK_END'),
                ('TASK_YIELD(t);', 'outside of TASK_BEGIN'),
                ('TASK_BEGIN(t);\nchar a[t->result];\nTASK_YIELD(t);\n*a = 0;\nTASK_END(t);',
                 'rule 1')):
            first, *rest = self.message(body).splitlines()
            self.assertIn(words, first)
            self.assertIn('error:', '\n'.join(rest), 'the compiler is quoted, too')

    def test_other_errors_stay_as_they_are(self):
        message = self.message('TASK_BEGIN(t);\nt->nothing = 1;\nTASK_END(t);')
        self.assertTrue(message.splitlines()[0].startswith('exercises/3.3.1/01_async_await.c:'))
        self.assertNotIn('rule', self.message('switch (t->wake) {\ncase 1:\ncase 1:;\n}'))


class Rest(WorkbookTest):
    def test_what_is_left_to_write_is_listed(self):
        strings = 'const char *const words = "TODO(9)";\n'
        self.tree.source(*FIRST, PART + strings + '/* TODO(4): b */ /* TODO(2): a */ // TODO(4):\n')
        text = self.tree.run('test', '01').stdout
        self.assertIn('go on with TODO(2) in', text)
        self.assertTrue(text.endswith('\nNot written yet: TODO(2), TODO(4)\n'), text)
        self.tree.source(*FIRST, PART + '/* TODO(2): a */\n')
        self.assertNotIn('Not written', self.tree.run('test', '01').stdout)

    @unittest.skipUnless(shutil.which('git'), 'git is not installed')
    def test_code_below_a_marker_that_was_kept_counts(self):
        skeleton = '''int f(void)
{
    /* TODO(1): a. */
    return 0; /* nothing */
}

int g(void)
{
    /* TODO(2): b,
     * and more. */
    return 0;
}
'''
        failing = PASSING.replace('it ', 'nothing ')
        self.tree.source(*FIRST, failing + skeleton)
        self.tree.commit()
        self.assertEqual(self.tree.json('01')[0]['01_async_await']['outcome'], 'unstarted')
        written = skeleton.replace('return 0; /* nothing */', 'return 1;')
        self.tree.source(*FIRST, failing + written)
        self.assertEqual(self.tree.json('01')[0]['01_async_await']['outcome'], 'failed')
        self.assertIn('go on with TODO(2) in', self.tree.run('test', '01').stdout)
        file = self.tree.path('mine.c')
        self.tree.write('mine.c', (failing + written).replace('NAME', FIRST[1]))
        self.assertEqual(self.tree.json('--file', file, '01')[0]['01_async_await']['outcome'],
                         'failed')
        self.tree.source(*FIRST, failing + skeleton.replace('{\n    /*', '{\n    // mine\n    /*'))
        self.assertEqual(self.tree.json('01')[0]['01_async_await']['outcome'], 'unstarted')
        self.tree.source(*FIRST, PART + written.replace('return 0;', 'return 2;'))
        text = self.tree.run('test', '01').stdout
        self.assertIn('Next: change exercises/3.3.1/01_async_await.c', text)
        self.assertNotIn('Not written', text)
        twice = skeleton + skeleton.replace('int f', 'int h').replace('int g', 'int i')
        self.tree.source(*FIRST, PART + twice)
        self.tree.git('commit', '-am', 'twice')
        self.tree.source(*FIRST, PART + twice.replace('return 0; /* nothing */', 'return 1;', 1))
        self.assertIn('Next: TODO(1) in', self.tree.run('test', '01').stdout)

    def test_what_comes_next_is_the_exercise_behind_the_one_that_passed(self):
        self.tree.source('3.3.1', '02_suspend_resume', PASSING)
        self.assertIn('Next: p1_coroutines', self.tree.run('test', '02').stdout)
        self.tree.source('3.3.2', '08_http_client', PASSING)
        self.assertIn('Next: 01_async_await', self.tree.run('test', '08').stdout)

    def test_running_text_is_wrapped(self):
        self.tree.source(*FIRST, '#include "NAME.h"\n/* TODO(1): %s */\nconst char passes[] = "";\n'
                         % ('what must be true ' * 12))
        lines = self.tree.run('test', '01').stdout.splitlines()
        first = next(i for i, line in enumerate(lines) if 'start with TODO(1)' in line)
        self.assertTrue(lines[first + 1].startswith('  ') and 'must be true' in lines[first + 1])
        self.assertLessEqual(max(map(len, lines)), 92)

    def test_long_findings_are_wrapped(self):
        self.tree.source(*FIRST, PART + 'const char mode[] = "mode:long";\n')
        lines = self.tree.run('test', '01').stdout.splitlines()
        first = next(i for i, line in enumerate(lines) if line.startswith('      expected  a word'))
        self.assertTrue(lines[first + 1].startswith(16 * ' ' + 'word') or
                        lines[first + 1].startswith(16 * ' ' + 'a ') or
                        lines[first + 1].startswith(16 * ' ' + 'or '), lines[first + 1])
        row = next(line for line in lines if '0.100  as long' in line)
        self.assertIn('> 0.200  as long as a line', row, 'columns stay side by side')
        self.assertLessEqual(max(len(line) for line in lines if line != row), 92)

    def test_help_stands_behind_every_command(self):
        for arguments in (('test', '--help'), ('hint', '--help'), ('run', '--help')):
            result = self.tree.run(*arguments)
            self.assertEqual((result.returncode, result.stderr), (0, ''), arguments)
            self.assertIn('usage: ./workbook', result.stdout)


if __name__ == '__main__':
    main()
