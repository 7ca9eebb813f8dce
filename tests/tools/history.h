// Judges a history: what a producer was told about each record, against what a consumer then read.
//
//   acknowledged  -> there once, unchanged, at the offset that the acknowledgement named
//   failed        -> the producer was told nothing certain: there once, unchanged, or not at all
//   per partition -> in the order of sending
//   nothing else  -> a record of this run that was never sent is an invention
//
// Pure: no client, no clock. history_test.cc feeds it violating histories, each of which it must
// catch.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace barnabas::tests {

// Sequences are drawn from 0 by one producer; `digest` stands for the content.
struct SentRecord {
  uint64_t sequence = 0;
  int32_t partition = 0;
  bool acknowledged = false;
  int64_t offset = -1;  // as acknowledged; -1: the client does not say (a duplicate, or acks=0)
  std::string digest;
};

struct ReadRecord {
  uint64_t sequence = 0;
  int32_t partition = 0;
  int64_t offset = 0;
  std::string digest;
};

struct Judgement {
  uint64_t acknowledged = 0;
  uint64_t failed_but_there = 0;  // legal
  uint64_t lost = 0;
  uint64_t duplicated = 0;
  uint64_t altered = 0;
  uint64_t moved = 0;  // at another offset, or in another partition, than was said
  uint64_t reordered = 0;
  uint64_t invented = 0;
  std::vector<std::string> examples;  // the first few violations, in words

  uint64_t violations() const { return lost + duplicated + altered + moved + reordered + invented; }
};

enum class Delivery {
  kExactlyOnce,  // idempotent producer
  kAtLeastOnce,  // duplicates and their disorder are legal
};

// `read` in the order in which each partition was read; partitions may be mixed.
Judgement judge(const std::vector<SentRecord>& sent, const std::vector<ReadRecord>& read,
                Delivery delivery);

}  // namespace barnabas::tests
