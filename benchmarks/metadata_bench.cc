// What metadata costs without a network: the pure decisions, the apply code that controllers and
// brokers share, the rows of the store, snapshots. One thread; processor time per partition or
// record.
//
//   bazel run --config=opt //benchmarks:metadata_bench -- [--partitions 100000] [--topics 1000]
//       [--store DIRECTORY]   also writes and reads a RocksDB there

#include <fmt/core.h>
#include <gflags/gflags.h>
#include <glog/logging.h>
#include <time.h>

#include <fstream>
#include <string>
#include <vector>

#include "common/random.h"
#include "controller/decide/create_topics.h"
#include "controller/decide/fencing.h"
#include "controller/decide/partition_sweep.h"
#include "controller/store_rows.h"
#include "metadata/image.h"
#include "metadata/records.h"
#include "storage/metadata_store.h"

DEFINE_int32(partitions, 100'000, "in all");
DEFINE_int32(topics, 1'000, "that share them");
DEFINE_string(store, "", "a directory for a RocksDB; empty: none");

namespace barnabas::controller {
namespace {

using metadata::Delta;
using metadata::Image;

// Of processor time: what else runs on the machine does not count.
class Stopwatch {
 public:
  double milliseconds() const { return now() - begun_; }

 private:
  static double now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
  }

  const double begun_ = now();
};

void show(const char* what, double milliseconds, size_t count, const char* unit) {
  fmt::print("{:<58}{:>9.1f} ms {:>9.3f} us per {:<10}{:>12.0f} {}s/s\n", what, milliseconds,
             milliseconds * 1000 / static_cast<double>(count), unit,
             static_cast<double>(count) / milliseconds * 1000, unit);
}

// Resident memory: what an operator sees. The allocator is the daemons'.
size_t resident() {
  std::ifstream file("/proc/self/statm");
  size_t all = 0;
  size_t resident = 0;
  file >> all >> resident;
  return resident * 4096;
}

proto::Decision brokers(Random& random) {
  proto::Decision decision;
  for (int32_t id : {1, 2, 3}) {
    proto::RegisterBroker* broker = decision.add_records()->mutable_register_broker();
    broker->set_id(id);
    broker->set_incarnation(Uuid::make(random).bytes());
    broker->add_directories(Uuid::make(random).bytes());
  }
  return decision;
}

class Bench {
 public:
  // What a node receives, in order: the create decisions as they were committed.
  void create() {
    LogIndex index{1};
    image_.apply(index, brokers(*random_));
    for (int32_t id : {1, 2, 3}) {
      proto::Decision unfence;
      proto::BrokerChange* change = unfence.add_records()->mutable_broker_change();
      change->set_id(id);
      change->set_epoch(1);
      change->set_fenced(false);
      index = index.next();
      image_.apply(index, unfence);
    }
    base_ = image_;
    const size_t before = resident();
    double deciding = 0;
    double applying = 0;
    double writing = 0;
    double parsing = 0;
    for (int topic = 0; topic < FLAGS_topics; ++topic) {
      proto::CreateTopicsRequest request;
      proto::NewTopic* asked = request.add_topics();
      asked->set_name(fmt::format("topic-{:06d}", topic));
      asked->set_partitions(FLAGS_partitions / FLAGS_topics);
      asked->set_replication_factor(3);
      Stopwatch decide;
      auto decided = decide_create_topics(image_, request, *random_, limits_);
      deciding += decide.milliseconds();
      CHECK_EQ(decided.answer.topics(0).error().code(), 0)
          << decided.answer.topics(0).error().message();
      Stopwatch write;
      log_.push_back(metadata::serialize(decided.decision));
      writing += write.milliseconds();
      Stopwatch parse;
      proto::Decision parsed;
      CHECK(parsed.ParseFromString(log_.back()));
      parsing += parse.milliseconds();
      index = index.next();
      Stopwatch apply;
      image_.apply(index, parsed);
      applying += apply.milliseconds();
    }
    const auto count = static_cast<size_t>(FLAGS_partitions);
    show("create: decide", deciding, count, "partition");
    show("create: serialize", writing, count, "partition");
    show("create: parse", parsing, count, "partition");
    show("create: apply", applying, count, "partition");
    size_t bytes = 0;
    for (const std::string& entry : log_) bytes += entry.size();
    fmt::print("{:<58}{:>9.0f} bytes\n", "log per partition",
               static_cast<double>(bytes) / static_cast<double>(count));
    fmt::print("{:<58}{:>9.0f} bytes\n", "image per partition",
               static_cast<double>(resident() - before - bytes) / static_cast<double>(count));
  }

  void copy() {
    const size_t before = resident();
    Stopwatch watch;
    Image copy = image_;
    show("copy of the image (a controller becomes active)", watch.milliseconds(),
         static_cast<size_t>(FLAGS_partitions), "partition");
    fmt::print("{:<58}{:>9.0f} bytes\n", "second image per partition",
               static_cast<double>(resident() - before) / FLAGS_partitions);
    Stopwatch end;
    copy = Image();
    show("end of a copy", end.milliseconds(), static_cast<size_t>(FLAGS_partitions), "partition");
  }

  void replay() {
    size_t records = 0;
    Stopwatch watch;
    Image image = base_;
    LogIndex index = image.index();
    for (const std::string& entry : log_) {
      proto::Decision decision;
      CHECK(decision.ParseFromString(entry));
      records += static_cast<size_t>(decision.records_size());
      index = index.next();
      image.apply(index, decision);
    }
    show("replay of the log into an image", watch.milliseconds(), records, "record");
    CHECK_EQ(image.hash(), image_.hash());
  }

  void rows() {
    std::unique_ptr<storage::MetadataStore> store;
    if (!FLAGS_store.empty()) store = *storage::open_rocksdb_store(FLAGS_store);
    double gathering = 0;
    double taking = 0;
    double storing = 0;
    Image image = base_;
    StoreRows rows;
    LogIndex index = image.index();
    if (store != nullptr) {
      CHECK(store->replace(rows_of(image), index, Term{1}).ok());
    }
    for (const std::string& entry : log_) {
      proto::Decision decision;
      CHECK(decision.ParseFromString(entry));
      index = index.next();
      rows.before(image, decision);
      const Delta delta = image.apply(index, decision);
      Stopwatch gather;
      rows.after(image, decision, delta);
      gathering += gather.milliseconds();
      Stopwatch take;
      const auto writes = rows.take(image);
      taking += take.milliseconds();
      Stopwatch write;
      if (store != nullptr) CHECK(store->apply(writes, index, Term{1}).ok());
      storing += write.milliseconds();
    }
    const auto count = static_cast<size_t>(FLAGS_partitions);
    show("store: gather rows", gathering, count, "partition");
    show("store: make rows", taking, count, "partition");
    if (store == nullptr) return;
    show("store: write to RocksDB", storing, count, "partition");
    Stopwatch load;
    const auto loaded = load_image(*store);
    CHECK(loaded.ok());
    show("store: read at a start", load.milliseconds(), count, "partition");
    CHECK_EQ(loaded->hash(), image_.hash());
    Stopwatch replace;
    CHECK(store->replace(rows_of(image), index, Term{1}).ok());
    show("store: replaced by a snapshot", replace.milliseconds(), count, "partition");
  }

  void snapshot() {
    const auto count = static_cast<size_t>(FLAGS_partitions);
    Stopwatch make;
    const std::string bytes = image_.serialized(Term{1});
    show("snapshot: make", make.milliseconds(), count, "partition");
    fmt::print("{:<58}{:>9.0f} bytes\n", "snapshot per partition",
               static_cast<double>(bytes.size()) / static_cast<double>(count));
    Stopwatch read;
    proto::Image parsed;
    CHECK(parsed.ParseFromString(bytes));
    const Image image = Image::from_proto(parsed);
    show("snapshot: read", read.milliseconds(), count, "partition");
    CHECK_EQ(image.hash(), image_.hash());
  }

  void fence() {
    Image image = image_;
    Image second = image_;
    size_t led = 0;
    for (const metadata::TopicPartition& id : image.partitions_of(BrokerId{3})) {
      led += image.partition(id)->leader == BrokerId{3};
    }
    const auto count = static_cast<size_t>(FLAGS_partitions);
    double first = 0;
    double deciding = 0;
    double applying = 0;
    size_t bytes = 0;
    size_t decisions = 0;
    LogIndex index = image.index();
    Repair repair;
    repair.begin();
    for (;;) {
      Stopwatch decide;
      const proto::Decision decision =
          decisions == 0 ? decide_fence(image, {BrokerId{3}, BrokerEpoch{1}}, limits_)
                         : repair.next(image, limits_);
      deciding += decide.milliseconds();
      if (decisions == 0) first = deciding;
      if (decision.records().empty()) break;
      ++decisions;
      bytes += metadata::serialize(decision).size();
      index = index.next();
      image.apply(index, decision);
      Stopwatch apply;
      second.apply(index, decision);
      applying += apply.milliseconds();
    }
    fmt::print("fencing a broker that leads {} of {} in {} decisions, {} bytes\n", led, count,
               decisions, bytes);
    show("fence: first decision", first, limits_.max_changes, "partition");
    show("fence: decide all", deciding, count, "partition");
    show("fence: apply", applying, count, "partition");
    Repair sound;
    sound.begin();
    Stopwatch watch;
    CHECK(sound.next(image_, limits_).records().empty());
    show("repair: nothing to do", watch.milliseconds(), count, "partition");
  }

 private:
  const std::unique_ptr<Random> random_ = seeded_random(7);
  const Limits limits_;
  Image base_;  // without topics
  Image image_;
  std::vector<std::string> log_;
};

}  // namespace
}  // namespace barnabas::controller

int main(int argc, char** argv) {
  gflags::ParseCommandLineFlags(&argc, &argv, /*remove_flags=*/true);
  barnabas::controller::Bench bench;
  bench.create();
  bench.copy();
  bench.replay();
  bench.rows();
  bench.snapshot();
  bench.fence();
  return 0;
}
