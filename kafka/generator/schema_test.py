"""The parser of schema files: what it understands, and that it refuses what it does not."""

import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import cpp
import schema


def parse(text):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(text)
        file.flush()
        return schema.parse(file.name)


HEAD = "message M\nbody versions 1-4 flexible 3+\n"


class SchemaTest(unittest.TestCase):

    def field(self, line):
        return parse(HEAD + "  " + line + "\n")[0].sections[0].fields[0]

    def test_versions_nullability_and_tags_are_sets_within_the_section(self):
        field = self.field("a: []int32? in 2+ tag 7 = null ignorable")
        self.assertEqual(field.versions, {2, 3, 4})
        self.assertEqual(field.nullable, {2, 3, 4})
        self.assertEqual(field.tagged, {3, 4})
        self.assertTrue(field.is_array and field.ignorable and field.tag == 7)
        self.assertEqual(self.field("a: string?2-3").nullable, {2, 3})
        self.assertEqual(self.field("a: string in 1,3+").versions, {1, 3, 4})

    def test_a_shared_struct_may_be_used_before_its_own_lines(self):
        section = parse(HEAD + "  struct Outer\n    inner: []Inner\n"
                        "  struct Inner\n    a: int8\n  x: Outer\n  y: Inner\n")[0].sections[0]
        self.assertEqual(list(section.structs), ["Inner", "Outer"])

    def test_what_is_not_understood_is_refused(self):
        for text in ("  a: int32 maybe\n", "  a int32\n", "   a: int32\n", "    a: int32\n",
                     "  a: Missing\n", "  struct S\n    a: S\n  b: S\n", "  a: int8\n    b: int8\n"):
            with self.assertRaises(SystemExit, msg=text), open(os.devnull, "w") as quiet:
                sys.stderr, kept = quiet, sys.stderr
                try:
                    parse(HEAD + text)
                finally:
                    sys.stderr = kept

    def test_the_minimum_size_counts_what_the_version_has(self):
        section = parse(HEAD + "  a: int32\n  b: string\n  c: []int64 in 2+\n"
                        "  d: uuid in 3+ tag 0\n")[0].sections[0]
        sizes = [schema.minimum_size(section, section.fields, v) for v in (1, 2, 3)]
        self.assertEqual(sizes, [4 + 2, 4 + 2 + 4, 4 + 1 + 1 + 1])


class CppTest(unittest.TestCase):

    def test_names(self):
        for name, expected in (("topicData", "topic_data"), ("timeoutMs", "timeout_ms"),
                               ("v3AndBelowTopics", "v3_and_below_topics"),
                               ("kRaftVersion", "k_raft_version"), ("default", "default_")):
            self.assertEqual(cpp.snake(name), expected)
        self.assertEqual(cpp.constant("OFFSET_OUT_OF_RANGE"), "kOffsetOutOfRange")

    def test_conditions_name_only_the_bounds_that_matter(self):
        every = {1, 2, 3, 4}
        self.assertIsNone(cpp.condition({1, 2, 3, 4}, every))
        self.assertEqual(cpp.condition({3, 4}, every), "version >= 3")
        self.assertEqual(cpp.condition({1, 2}, every), "version <= 2")
        self.assertEqual(cpp.condition({2}, every), "version == 2")
        self.assertEqual(cpp.condition({1, 4}, every), "(version == 1) || (version >= 4)")


if __name__ == "__main__":
    unittest.main()
