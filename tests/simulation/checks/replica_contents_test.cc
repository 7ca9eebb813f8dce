#include "tests/simulation/checks/replica_contents.h"

#include <gtest/gtest.h>

#include "kafka/records/builder.h"
#include "storage/memory_disk.h"

namespace barnabas::simulation {
namespace {

std::string batch(int64_t offset, std::string_view value) {
  kafka::BatchOptions options;
  options.base_offset = Offset(offset);
  kafka::BatchBuilder builder(options);
  builder.append(0, std::nullopt, value);
  return builder.finish();
}

void write(storage::Disk& disk, const std::string& path, const std::string& bytes) {
  ASSERT_TRUE(storage::replace_file(disk, path, bytes).ok());
}

TEST(ReplicaContents, ReadsWholeBatchesBelowTheEndFromAllSegments) {
  storage::MemoryDisk disk;
  ASSERT_TRUE(disk.make_directories("/t-0").ok());
  write(disk, "/t-0/00000000000000000000.log", batch(0, "a") + batch(1, "b"));
  write(disk, "/t-0/00000000000000000002.log", batch(2, "c") + batch(3, "d"));
  write(disk, "/t-0/00000000000000000000.index", "no batch");
  EXPECT_EQ(*read_batches(disk, "/t-0", Offset(3)), batch(0, "a") + batch(1, "b") + batch(2, "c"));
}

TEST(ReplicaContents, AcceptsEqualReplicas) {
  Findings findings;
  ReplicaContents contents(findings);
  contents.holds("t-0", "b1", "same");
  contents.holds("t-0", "b2", "same");
  contents.holds("t-1", "b2", "other");
  contents.judge();
  EXPECT_FALSE(findings.any());
}

TEST(ReplicaContents, ReportsReplicasThatDiffer) {
  Findings findings;
  ReplicaContents contents(findings);
  contents.holds("t-0", "b1", "same");
  contents.holds("t-0", "b2", "sane");
  contents.judge();
  EXPECT_NE(findings.text().find("differ from byte 2"), std::string::npos);
}

TEST(ReplicaContents, ReportsAReplicaThatIsShorter) {
  Findings findings;
  ReplicaContents contents(findings);
  contents.holds("t-0", "b1", "same");
  contents.holds("t-0", "b2", "sam");
  contents.judge();
  EXPECT_TRUE(findings.any());
}

}  // namespace
}  // namespace barnabas::simulation
