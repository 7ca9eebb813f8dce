"""Consumer groups with each of the clients that people have: members join, share the work, are
killed and leave, with the eager protocol and the cooperative one.
"""

import unittest

import grouplog
import harness
from groupcase import GroupTest


class Groups(GroupTest):
    def test_librdkafka_members_join_die_and_leave_eagerly(self):
        self.ups_and_downs("confluent", "--assignor", "range")

    def test_librdkafka_members_join_die_and_leave_cooperatively(self):
        self.ups_and_downs("confluent", "--assignor", "cooperative")

    def test_kafka_python_members_join_die_and_leave_eagerly(self):
        self.ups_and_downs("kafka_python", "--assignor", "range")

    def test_kafka_python_members_join_die_and_leave_cooperatively(self):
        self.ups_and_downs("kafka_python", "--assignor", "cooperative")

    def test_aiokafka_members_join_die_and_leave_eagerly(self):
        self.ups_and_downs("aiokafka", "--assignor", "range")


class Judge(unittest.TestCase):
    """The judge of these tests knows an unsound story when it reads one."""

    @staticmethod
    def generation(number, leader, **owned):
        return ("group", {"generation": number, "leader": leader, "members": {
            name: {"instance": None, "partitions": set(its)} for name, its in owned.items()}})

    def wrong(self, *entries):
        return grouplog.judge(entries)[0]

    def test_a_sound_story_is_not_complained_of(self):
        self.assertEqual(self.wrong(
            self.generation(1, "a", a=[0, 1]), ("offset", 0, 5), ("offset", 1, 3),
            self.generation(2, "b", a=[0], b=[1]), ("offset", 1, 3), ("offset", 0, 9)), [])

    def test_two_owners_of_one_partition_are_found(self):
        self.assertIn("partition 1 belongs to",
                      self.wrong(self.generation(1, "a", a=[1], b=[1]))[0])

    def test_an_offset_that_goes_back_is_found(self):
        self.assertIn("went back", self.wrong(("offset", 0, 5), ("offset", 0, 4))[0])

    def test_a_generation_that_goes_back_or_changes_its_leader_is_found(self):
        self.assertIn("generation 1 after 2", self.wrong(
            self.generation(2, "a", a=[1]), self.generation(1, "a", a=[1]))[0])
        self.assertIn("has the leaders", self.wrong(
            self.generation(2, "a", a=[1], b=[]), self.generation(2, "b", a=[1], b=[]))[0])


if __name__ == "__main__":
    harness.main()
