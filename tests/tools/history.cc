#include "tests/tools/history.h"

#include <absl/strings/str_cat.h>

#include <map>
#include <unordered_map>

namespace barnabas::tests {
namespace {

constexpr size_t kExamples = 10;

std::string place(const ReadRecord& record) {
  return absl::StrCat("record ", record.sequence, " at offset ", record.offset, " of partition ",
                      record.partition);
}

class Judge {
 public:
  Judge(const std::vector<SentRecord>& sent, Delivery delivery) : delivery_(delivery) {
    by_sequence_.reserve(sent.size());
    for (const SentRecord& record : sent) by_sequence_[record.sequence].sent = &record;
  }

  void read(const ReadRecord& record) {
    const auto found = by_sequence_.find(record.sequence);
    if (found == by_sequence_.end()) {
      return wrong(judgement_.invented, absl::StrCat(place(record), " was never sent"));
    }
    Entry& entry = found->second;
    const SentRecord& sent = *entry.sent;
    if (sent.digest != record.digest) {
      wrong(judgement_.altered, absl::StrCat(place(record), " is not what was sent"));
    }
    if (sent.partition != record.partition) {
      wrong(judgement_.moved,
            absl::StrCat(place(record), " was sent to partition ", sent.partition));
    }
    if (sent.offset == record.offset) entry.at_its_offset = true;
    if (entry.times++ > 0 && delivery_ == Delivery::kExactlyOnce) {
      wrong(judgement_.duplicated, absl::StrCat(place(record), " is there again"));
    }
    in_order(record);
  }

  Judgement finish() {
    for (const auto& [sequence, entry] : by_sequence_) {
      const SentRecord& sent = *entry.sent;
      if (!sent.acknowledged) {
        if (entry.times > 0) ++judgement_.failed_but_there;
        continue;
      }
      ++judgement_.acknowledged;
      if (entry.times == 0) {
        wrong(judgement_.lost,
              absl::StrCat("record ", sequence, ", acknowledged at offset ", sent.offset,
                           " of partition ", sent.partition, ", is not there"));
      } else if (sent.offset >= 0 && !entry.at_its_offset) {
        wrong(judgement_.moved,
              absl::StrCat("record ", sequence, " is not at offset ", sent.offset, " of partition ",
                           sent.partition, ", where it was acknowledged"));
      }
    }
    return std::move(judgement_);
  }

 private:
  struct Entry {
    const SentRecord* sent = nullptr;
    uint64_t times = 0;
    bool at_its_offset = false;
  };
  struct Last {
    uint64_t sequence;
    int64_t offset;
  };

  void in_order(const ReadRecord& record) {
    const auto [last, first] =
        last_.try_emplace(record.partition, Last{record.sequence, record.offset});
    if (first) return;
    if (record.offset <= last->second.offset) {
      wrong(judgement_.reordered,
            absl::StrCat(place(record), " comes after offset ", last->second.offset));
    } else if (record.sequence < last->second.sequence && delivery_ == Delivery::kExactlyOnce) {
      wrong(judgement_.reordered,
            absl::StrCat(place(record), " comes after record ", last->second.sequence));
    }
    last->second = {record.sequence, record.offset};
  }

  void wrong(uint64_t& count, const std::string& text) {
    ++count;
    if (judgement_.examples.size() < kExamples) judgement_.examples.push_back(text);
  }

  Delivery delivery_;
  std::unordered_map<uint64_t, Entry> by_sequence_;
  std::map<int32_t, Last> last_;
  Judgement judgement_;
};

}  // namespace

Judgement judge(const std::vector<SentRecord>& sent, const std::vector<ReadRecord>& read,
                Delivery delivery) {
  Judge judge(sent, delivery);
  for (const ReadRecord& record : read) judge.read(record);
  return judge.finish();
}

}  // namespace barnabas::tests
