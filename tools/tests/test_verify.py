"""Tests of the command verify: does it see when a suite is not worth its points?

usage: test_verify.py PATH-OF-WORKBOOK [TEST ...]

SPDX-License-Identifier: MIT
"""
import os
import shutil
import unittest

from fake_tree import MUTANT, PART, PASSING, SUITE, WorkbookTest, main

FIRST = ('3.3.1', '01_async_await')


class Verify(WorkbookTest):
    def setUp(self):
        super().setUp()
        self.tree.source(*FIRST, PASSING, tree='solutions')
        self.mutant('it ends # SKIP not', '|it starts|')

    def mutant(self, fails, passes):
        self.tree.write('tests/mutants/3.3.1/01_async_await/m1_end.patch', MUTANT % (fails, passes))

    def verify(self, *arguments):
        result = self.tree.run('verify', '01', *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def test_all_is_well(self):
        self.tree.source(*FIRST, PASSING, tree='tests/alternates')
        text = self.verify()
        self.assertEqual([line.split(' ')[0] for line in text.splitlines()], ['ok'] * 4 + ['1..4'])
        self.assertFalse(os.path.exists(self.tree.path('build/verdicts')))

    def test_bad_solution_and_alternate(self):
        for kind, tree in (('solution', 'solutions'), ('alternates', 'tests/alternates')):
            self.tree.source(*FIRST, PART, tree=tree)
            self.assertTrue(self.verify('--kind', kind).startswith('not ok 1'))
        self.tree.source(*FIRST, PASSING, tree='solutions')
        self.tree.write('build/' + self.tree.suite_of(*FIRST), SUITE.replace('3', '4'))
        self.assertIn('5 are right', self.verify('--kind', 'solution'))

    def test_skeleton(self):
        self.assertTrue(self.verify('--kind', 'skeleton').startswith('ok 1'))
        self.tree.source(*FIRST, PART)
        self.assertIn('# SKIP', self.verify('--kind', 'skeleton'))
        self.tree.source(*FIRST, PART + '/* TODO(1): the rest */\n')
        self.assertTrue(self.verify('--kind', 'skeleton').startswith('not ok 1'))

    @unittest.skipUnless(shutil.which('git'), 'git is not installed')
    def test_a_student_at_work_breaks_nothing(self):
        self.tree.commit()
        self.assertTrue(self.verify('--kind', 'skeleton').startswith('ok 1'))
        self.assertNotIn('SKIP', self.verify('--kind', 'skeleton'))
        self.tree.source(*FIRST, PART + '/* TODO(1): the rest */\n')
        self.assertIn('# SKIP', self.verify('--kind', 'skeleton'))
        self.assertIn('not ok', self.verify(), 'an author is told')

    def test_sample_fails_each_behaviour_twice(self):
        for k, fails in enumerate(('it ends # SKIP not', 'it ends # SKIP not', 'it starts')):
            self.tree.write('tests/mutants/3.3.1/01_async_await/m%d.patch' % (2 + k),
                            MUTANT % (fails, '|none|'))
        lines = self.verify('--kind', 'sample').splitlines()
        self.assertEqual([line.split('.')[-2] for line in lines[:-1]], ['m1_end', 'm2', 'm4'])
        self.assertEqual(self.verify('--kind', 'mutants').splitlines()[-1], '1..4')

    def test_mutants_that_are_not_caught(self):
        for fails, passes, words in (
                ('it ends # SKIP not', '|it starts|it ends # SKIP not|', 'should fail: it ends'),
                ('it starts', '|it starts|', 'should fail: it starts'),
                ('it starts\nFails: it ends # SKIP not', '|it ends # SKIP not|',
                 'should fail: it ends'),
                ('it stops', '|it starts|', 'no behaviour is called')):
            self.mutant(fails, passes)
            text = self.verify('--kind', 'mutants')
            self.assertTrue(text.startswith('not ok 1 - 01_async_await.m1_end.patch'), text)
            self.assertIn(words, text)

    def test_mutants_that_are_none(self):
        patch = self.tree.path('tests/mutants/3.3.1/01_async_await/m1_end.patch')
        with open(patch, encoding='utf-8') as file:
            text = file.read()
        for old, new, words in (('Fails:', 'Falls:', "no line 'Fails"),
                                ('Wrong:', 'Right:', "no line 'Wrong"),
                                ('-const', '-konst', 'does not apply'),
                                (' #include', ' #inklude', 'does not apply'),
                                ('"|it starts|"', 'broken', 'not graded')):
            self.tree.write(patch, text.replace(old, new))
            result = self.verify('--kind', 'mutants')
            self.assertTrue(result.startswith('not ok 1'), result)
            self.assertIn(words, result)
        os.remove(patch)
        self.assertIn('not ok 1', self.verify('--kind', 'mutants'))


if __name__ == '__main__':
    main()
