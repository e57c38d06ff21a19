"""Tests of the workbook program: its commands, seen from outside, on a small tree of their own.

usage: test_commands.py PATH-OF-WORKBOOK [TEST ...]

SPDX-License-Identifier: MIT
"""
import os
import pty
import shutil
import signal
import subprocess
import unittest

from fake_tree import PART, PASSING, SUITE, WorkbookTest, main

FIRST = ('3.3.1', '01_async_await')


class Names(WorkbookTest):
    def test_any_unambiguous_part_and_paths(self):
        for part in ('01', 'async', 'ASYNC_await', '01_async_await',
                     'exercises/3.3.1/01_async_await.c'):
            exercises, _ = self.tree.json(part)
            self.assertEqual(list(exercises), ['01_async_await'], part)

    def test_a_section_and_several_names_in_the_order_of_the_course(self):
        exercises, _ = self.tree.json('p1', '3.3.2', '01')
        self.assertEqual(list(exercises), ['01_async_await', 'p1_coroutines', '08_http_client'])

    def test_ambiguous_lists_candidates(self):
        result = self.tree.run('test', '0')
        self.assertEqual(result.returncode, 2)
        self.assertIn('01_async_await\n  02_suspend_resume\n', result.stderr)
        self.assertNotIn('p1_coroutines', result.stderr)

    def test_a_whole_name_is_not_ambiguous(self):
        self.tree.add('3.3.1', '01_async_await_again', SUITE)
        self.assertEqual(list(self.tree.json('01_async_await')[0]), ['01_async_await'])
        self.assertEqual(self.tree.run('test', 'await').returncode, 2)

    def test_unknown_gives_close_names(self):
        result = self.tree.run('hint', 'asnyc')
        self.assertEqual(result.returncode, 2)
        self.assertIn('01_async_await', result.stderr)
        self.assertNotIn('p1_coroutines', result.stderr)
        self.assertNotIn('Close', self.tree.run('hint', 'zzzzzz').stderr)


class Verdicts(WorkbookTest):
    def test_json_has_the_agreed_shape(self):
        self.tree.source(*FIRST, PART)
        exercises, status = self.tree.json('01')
        verdict = exercises['01_async_await']
        self.assertEqual(status, 1)
        self.assertIsInstance(verdict.pop('seconds'), float)
        self.assertEqual(verdict, {
            'name': '01_async_await', 'section': '3.3.1', 'points': 2, 'max': 5,
            'outcome': 'failed', 'message': '', 'behaviours': [
                {'name': 'it starts', 'points': 2, 'max': 2, 'passed': True, 'message': ''},
                {'name': 'it ends # SKIP not', 'points': 0, 'max': 3, 'passed': False,
                 'message': 'expected  got\n0.000  \x1b[2J\nthe idea: of it ends # SKIP not\n'
                            'see it:   ./workbook'}]})

    def test_full_points_give_status_0(self):
        self.tree.source(*FIRST, PASSING)
        exercises, status = self.tree.json('01')
        self.assertEqual((exercises['01_async_await']['outcome'], status), ('passed', 0))
        self.assertEqual(self.tree.run('test').returncode, 1)

    def test_unstarted_says_what_to_do_first(self):
        exercises, status = self.tree.json()
        self.assertEqual((len(exercises), status), (4, 1))
        verdict = exercises['01_async_await']
        self.assertEqual((verdict['outcome'], verdict['points']), ('unstarted', 0))
        self.assertEqual(verdict['message'], 'start with TODO(1), exercises/3.3.1/'
                         '01_async_await.c:3: what must be true.')

    def test_with_points_it_is_started(self):
        self.tree.source(*FIRST, PART + '/* TODO(2): more */\n')
        self.assertEqual(self.tree.json('01')[0]['01_async_await']['outcome'], 'failed')
        self.tree.source(*FIRST, '#include "NAME.h"\nconst char *t = "TODO(1): in a string";\n')
        self.assertEqual(self.tree.json('01')[0]['01_async_await']['outcome'], 'failed')

    def test_compile_error_names_the_students_line_and_stops_no_other(self):
        self.tree.source(*FIRST, '\n\nint broken(void) { return nothing; }\n')
        exercises, _ = self.tree.json('3.3.1')
        verdict = exercises['01_async_await']
        self.assertEqual((verdict['outcome'], verdict['behaviours']), ('compile_error', []))
        self.assertIn('exercises/3.3.1/01_async_await.c:3:', verdict['message'])
        self.assertEqual(exercises['02_suspend_resume']['outcome'], 'unstarted')
        text = self.tree.run('test', '01').stdout
        self.assertEqual(text.count('nothing'), verdict['message'].count('nothing'))

    def test_long_compiler_output_is_cut(self):
        self.tree.source(*FIRST, '#warning much\n' * 3000 + '#error too much\n')
        result = self.tree.run('test', '01')
        self.assertLess(result.stdout.count('\n'), 70)
        self.assertIn('more lines', result.stdout)
        self.assertLessEqual(len(self.tree.json('01')[0]['01_async_await']['message']), 65536)

    def test_warnings_are_shown_to_people(self):
        self.tree.source(*FIRST, PASSING + 'static int unused;\n')
        result = self.tree.run('test', '01')
        self.assertIn('01_async_await.c:3:', result.stdout)
        self.assertEqual(result.returncode, 0)
        self.assertEqual(self.tree.json('01')[0]['01_async_await']['message'], '')

    def test_a_missing_source_is_listed(self):
        os.remove(self.tree.path('exercises/3.3.1/01_async_await.c'))
        exercises, status = self.tree.json('3.3.1')
        self.assertEqual((exercises['01_async_await']['outcome'], status), ('compile_error', 1))
        self.assertIn('cannot be read', exercises['01_async_await']['message'])
        self.assertEqual(len(exercises), 3)

    def test_a_grader_that_misbehaves_gives_nothing(self):
        modes = {'die': 'signal 11 (Segmentation fault)\nit said:\nthe end is near',
                 'status': 'exit status 3', 'garbage': 'not JSON', 'wrong_type': 'wrong type',
                 'contradiction': 'contradicts', 'generous': 'sum', 'tail': 'behind'}
        for mode, words in modes.items():
            self.tree.source(*FIRST, PART + f'const char mode[] = "mode:{mode}";\n')
            verdict = self.tree.json('01')[0]['01_async_await']
            self.assertEqual((verdict['outcome'], verdict['points']), ('crashed', 0), mode)
            self.assertIn(words, verdict['message'])

    def test_the_build_is_missing(self):
        for name in (self.tree.suite_of(*FIRST), 'tests/support/grade'):
            os.remove(os.path.join(self.tree.build, name))
            result = self.tree.run('test', '01')
            self.assertEqual(result.returncode, 2)
            self.assertIn(os.path.basename(name), result.stderr)
            self.assertIn('ninja -C', result.stderr)


class People(WorkbookTest):
    def test_a_verdict_lists_behaviours_with_indented_messages(self):
        self.tree.source(*FIRST, PART)
        lines = self.tree.run('test', '01').stdout.splitlines()
        self.assertIn('[2/2] it starts', lines)
        at = lines.index('[0/3] it ends # SKIP not')
        self.assertEqual(lines[at + 1], '      expected  got')
        self.assertEqual(lines[at + 2], '      0.000  \\x1b[2J')
        self.assertTrue(lines[-2].startswith('2 of 5 points. Next: '), lines[-2])

    def test_what_was_said_is_not_said_again(self):
        self.tree.source(*FIRST, PASSING.replace('it ', 'nothing '))
        lines = self.tree.run('test', '01').stdout.splitlines()
        first, second = lines.index('[0/2] it starts'), lines.index('[0/3] it ends # SKIP not')
        self.assertEqual(lines[first + 3:first + 5],
                         ['      the idea: of it starts', '      see it:   ./workbook'])
        self.assertEqual(lines[second + 1:second + 3],
                         ['      the same as above', '      see it:   ./workbook'])

    def test_the_next_marker_is_named(self):
        self.tree.source(*FIRST, PART + '/* TODO(2): more */\n')
        self.assertIn('go on with TODO(2) in exercises/3.3.1/01_async_await.c',
                      self.tree.run('test', '01').stdout)

    def test_who_has_begun_is_not_told_to_begin(self):
        self.tree.source(*FIRST, PASSING.replace('it ', 'nothing ') + '/* TODO(2): more */\n')
        verdict = self.tree.json('01')[0]['01_async_await']
        self.assertEqual((verdict['outcome'], verdict['points']), ('failed', 0))
        self.assertIn('mend what you have written', self.tree.run('test', '01').stdout)

    def colours(self, **environment):
        """True if `test 01` on a terminal is coloured."""
        ours, theirs = pty.openpty()
        environment = self.tree.environment(TERM='xterm') | environment
        subprocess.run([self.tree.tool, 'test', '01'], env=environment, stdout=theirs, check=False)
        os.close(theirs)
        text = b''
        try:
            while part := os.read(ours, 65536):
                text += part
        except OSError:
            pass  # the other side is closed: that is the end of a terminal
        os.close(ours)
        return b'\x1b[3' in text

    def test_colours_only_on_a_terminal(self):
        self.assertTrue(self.colours())
        self.assertFalse(self.colours(NO_COLOR='1'))
        self.assertFalse(self.colours(TERM='dumb'))
        self.assertNotIn('\x1b', self.tree.run('test', '01').stdout)


class Tap(WorkbookTest):
    def test_one_line_a_behaviour_and_status_0(self):
        self.tree.source(*FIRST, PART)
        result = self.tree.run('test', '--tap', '01')
        self.assertEqual(result.returncode, 0)
        lines = result.stdout.splitlines()
        self.assertEqual(lines[0], 'ok 1 - [2] it starts')
        self.assertTrue(lines[1].startswith('not ok 2 - [3] it ends '))
        self.assertNotIn('#', lines[1], 'a directive could follow')
        self.assertEqual(lines[2:], ['# expected  got', '# 0.000  \\x1b[2J',
                                     '# the idea: of it ends # SKIP not', '# see it:   ./workbook',
                                     '1..2'])

    def test_a_compile_error_is_a_failure(self):
        self.tree.source(*FIRST, 'int broken(')
        result = self.tree.run('test', '--tap', '01')
        self.assertEqual(result.returncode, 0)
        self.assertTrue(result.stdout.startswith('not ok 1 - '))
        self.assertTrue(result.stdout.endswith('1..1\n'))


class Submissions(WorkbookTest):
    def test_file_and_stdin_leave_the_tree_and_progress_alone(self):
        self.tree.write('elsewhere/mine.c', PASSING.replace('NAME', '01_async_await'))
        self.tree.write('elsewhere/01_async_await.h', '#error the wrong header')
        elsewhere = self.tree.path('elsewhere')
        exercises, status = self.tree.json('--file', 'mine.c', '01', cwd=elsewhere)
        self.assertEqual((exercises['01_async_await']['points'], status), (5, 0))
        self.assertEqual(self.tree.json('--file', '-', '01', stdin=PASSING.replace(
            'NAME', '01_async_await'))[1], 0)
        self.assertFalse(os.path.exists(self.tree.path('build/verdicts')))

    def test_a_solution_cannot_be_included(self):
        """However the path is written, and though what it includes would pass."""
        self.tree.write('solutions/3.3.1/01_async_await.c',
                        PASSING.replace('NAME', '01_async_await'))
        for path in ('../solutions/3.3.1/01_async_await.c',
                     self.tree.path('exercises/../solutions/3.3.1/01_async_await.c')):
            self.tree.write('mine.c', '#include "%s"\n' % path)
            exercises, status = self.tree.json('--file', 'mine.c', '01')
            verdict = exercises['01_async_await']
            self.assertEqual((verdict['outcome'], verdict['points'], status), ('cheating', 0, 1))
            self.assertIn('solutions/3.3.1/01_async_await.c', verdict['message'])

    def test_messages_name_the_file_as_given(self):
        self.tree.write('we"ird.c', 'int broken(')
        message = self.tree.json('--file', 'we"ird.c', '01')[0]['01_async_await']['message']
        self.assertIn('we"ird.c:1:', message)

    def test_what_cannot_be_read_is_an_error(self):
        self.tree.write('large.c', '/' * (1024 * 1024 + 1))
        for name, words in (('none.c', 'No such file'), ('large.c', '1 MiB'),
                            ('exercises', 'directory')):
            result = self.tree.run('test', '--file', name, '01')
            self.assertEqual(result.returncode, 2)
            self.assertIn(words, result.stderr)
        self.tree.write('mine.c', '')
        self.assertEqual(self.tree.run('test', '--file', 'mine.c').returncode, 2)
        self.assertEqual(self.tree.run('test', '--file', 'mine.c', '3.3.1').returncode, 2)


class Integrity(WorkbookTest):
    @unittest.skipUnless(shutil.which('git'), 'git is not installed')
    def test_changed_given_files_are_named(self):
        self.tree.write('exercises/coro.h', '')
        self.tree.write('exercises/3.3.1/jobs.h', '')
        self.tree.commit()
        self.tree.source(*FIRST, PASSING)
        self.assertEqual(self.tree.json('01')[1], 0, 'the student may change the exercise')
        for name, others in (('exercises/3.3.1/01_async_await.h', 'unstarted'),
                             ('tests/3.3.1/check_01_async_await.c', 'unstarted'),
                             ('exercises/3.3.1/jobs.h', 'unstarted'),
                             ('exercises/coro.h', 'cheating')):
            self.tree.write(name, '/* changed */\n')
            exercises, status = self.tree.json()
            verdict = exercises['01_async_await']
            self.assertEqual((verdict['outcome'], verdict['points'], status), ('cheating', 0, 1))
            self.assertIn('git checkout HEAD -- ' + name, verdict['message'])
            self.assertEqual(exercises['08_http_client']['outcome'], others)
            own = name.endswith('01_async_await.h') or name.endswith('.c')
            self.assertEqual(exercises['02_suspend_resume']['outcome'],
                             'unstarted' if own else 'cheating')
            self.assertEqual(self.tree.json('--file', 'exercises/3.3.1/01_async_await.c', '01')[1],
                             0, 'a submission is graded all the same')
            self.tree.git('checkout', 'HEAD', '--', name)
        self.assertEqual(self.tree.json('01')[1], 0)


class Progress(WorkbookTest):
    def test_the_next_exercise_follows_the_last_verdicts(self):
        result = self.tree.run()
        self.assertEqual(result.returncode, 0)
        self.assertIn('Next: 01_async_await, in exercises/3.3.1/01_async_await.c', result.stdout)
        self.assertIn('  Write the steps in a row.\n', result.stdout)
        self.assertIn('./workbook test 01_async_await', result.stdout)
        self.tree.source(*FIRST, PASSING)
        self.tree.run('test')
        result = self.tree.run()
        self.assertIn('Next: 02_suspend_resume', result.stdout)
        self.assertIn('Progress: 5 of 35 points', result.stdout)
        self.assertIn('hello_world', self.tree.run('list').stdout)

    def test_corrupt_files_count_as_none(self):
        for text in ('', '{', '[]', '{"points": 5}', '\0' * 100):
            self.tree.write('build/verdicts/01_async_await.json', text)
            self.tree.write('build/hints/01_async_await', text)
            result = self.tree.run()
            self.assertEqual((result.returncode, result.stderr), (0, ''))
            self.assertIn('Progress: 0 of 35', result.stdout)
            self.assertIn('First hint', self.tree.run('hint', '01').stdout)


class Hints(WorkbookTest):
    def test_one_more_level_a_call(self):
        one, two, three = (self.tree.run('hint', '01').stdout for _ in range(3))
        self.assertIn('First hint.\n```c\n## no heading\n```\n', one)
        self.assertNotIn('Second', one)
        self.assertNotIn('details', one)
        self.assertNotIn('\n\n\n', one)
        self.assertTrue('Second hint.' in two and 'First' not in two)
        self.assertTrue('First' in three and 'Second' in three)
        self.assertEqual(self.tree.run('hint', '02').returncode, 2)

    def test_korean_where_there_is_some(self):
        self.tree.write('exercises/3.3.1/README.ko.md',
                        '## 01_async_await\n### 힌트 1\n첫 힌트\n### 힌트 2\n둘째\n')
        self.assertIn('첫 힌트', self.tree.run('hint', '01', LANG='ko_KR.UTF-8').stdout)
        self.assertIn('Second', self.tree.run('hint', '01', LANG='ko', LC_ALL='C').stdout)


class Programs(WorkbookTest):
    def test_run_passes_arguments_and_exit_status(self):
        self.tree.source(*FIRST, '#include <stdio.h>\nint main(int n, char **v)\n'
                         '{ for (int i = 1; i < n; i++) puts(v[i]); return 7; }\n')
        result = self.tree.run('run', '01', 'one', '--two')
        self.assertEqual((result.stdout, result.returncode), ('one\n--two\n', 7))
        for words, passed in ((['-n', '2'], '-n\n2\n'), (['--port', '0'], '--port\n0\n'),
                              (['--', '--virtual'], '--virtual\n'), (['x', '--help'], 'x\n--help\n')):
            self.assertEqual(self.tree.run('run', '01', *words).stdout, passed)

    def test_run_shows_one_behaviour(self):
        self.tree.source(*FIRST, PASSING)
        result = self.tree.run('run', '01', '--behaviour', '2')
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn('"points": 5', result.stdout)  # the fake grader grades all the same
        self.assertTrue(os.path.exists(self.tree.path('build/run/01_async_await.so')))

    def test_a_program_is_no_exercise(self):
        result = self.tree.run('run', 'hello')
        self.assertEqual(result.returncode, 2)
        self.assertIn('./workbook demo hello_world', result.stderr)

    def test_run_reports_a_compile_error(self):
        self.tree.source(*FIRST, 'int main(')
        result = self.tree.run('run', '01')
        self.assertIn('exercises/3.3.1/01_async_await.c:1:', result.stderr)
        self.assertEqual((result.stdout, result.returncode), ('', 1))

    def test_demo_preloads_virtual_time(self):
        self.assertEqual(self.tree.run('demo', 'hello').returncode, 2, 'no library yet')
        self.assertEqual(self.tree.run('demo', 'hello', '--real', 'x').stdout, '|x\n')
        compiler = ['cc', '-shared', '-x', 'c', '/dev/null', '-o']
        subprocess.run(compiler + [self.tree.path('build/tests/support/libvirtual_time.so')],
                       check=True)
        result = self.tree.run('demo', 'hello', 'x', '--y')
        # The bare name, found in LD_LIBRARY_PATH: a path with a space would not do.
        self.assertEqual(result.stdout, 'libvirtual_time.so|x --y\n')
        self.assertEqual(result.stderr, '')
        self.assertEqual(result.returncode, 7)
        os.remove(self.tree.path('build/chapter-3.3.1/hello_world'))
        self.assertIn('ninja -C', self.tree.run('demo', 'hello').stderr)


class Robustness(WorkbookTest):
    def test_signals_end_children_and_clean_up(self):
        self.tree.source(*FIRST, PART + 'const char mode[] = "mode:hang";\n')
        for number in (signal.SIGINT, signal.SIGTERM):
            status, grader = self.tree.interrupt('test', '01', number=number)
            self.assertEqual(status, 128 + number)
            self.assertRaises(ProcessLookupError, os.kill, grader, 0)
            self.assertEqual(self.tree.left_over(), [])
            os.remove(self.tree.path('started'))
        self.assertFalse(os.path.exists(self.tree.path('build/verdicts')))

    def test_a_flood_from_the_grader_is_cut(self):
        self.tree.source(*FIRST, PART + 'const char mode[] = "mode:flood";\n')
        self.assertEqual(self.tree.json('01')[0]['01_async_await']['outcome'], 'crashed')

    def test_an_unknown_command_is_explained(self):
        result = self.tree.run('hello')
        self.assertEqual(result.returncode, 2)
        self.assertIn('./workbook demo hello', result.stderr)

    def test_usage_errors(self):
        for arguments in (['nonsense'], ['test', '--nonsense'], ['hint'], ['hint', '01', '02'],
                          ['test', '--file'], ['verify', '01', '--kind', 'x'], ['list', '--json']):
            result = self.tree.run(*arguments)
            self.assertEqual((result.returncode, result.stdout), (2, ''), arguments)
            self.assertIn('workbook: ', result.stderr)
        self.assertEqual(self.tree.run('help').returncode, 0)

    def test_output_that_cannot_be_written_is_an_error(self):
        with open('/dev/full', 'w', encoding='utf-8') as full:
            status = subprocess.run([self.tree.tool, 'list'], env=self.tree.environment(),
                                    stdout=full, stderr=subprocess.DEVNULL,
                                    check=False).returncode
        self.assertEqual(status, 2)


if __name__ == '__main__':
    main()
