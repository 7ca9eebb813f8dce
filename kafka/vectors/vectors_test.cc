#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "kafka/records/batch.h"
#include "kafka/records/record.h"
#include "kafka/records/validation.h"
#include "kafka/vectors/checker.h"
#include "kafka/vectors/line.h"
#include "kafka/vectors/message_vectors.h"
#include "kafka/vectors/vector_file.h"

namespace barnabas::kafka {
namespace {

std::vector<std::string> vector_files() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator("kafka/testdata")) {
    if (entry.path().extension() == ".zst") out.push_back(entry.path().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = std::filesystem::path(info.param).filename().string();
  name.resize(name.find('.'));
  std::replace(name.begin(), name.end(), '-', '_');
  return "f_" + name;
}

class Vectors : public testing::TestWithParam<std::string> {};

// Both directions, every version, every truncation: see checker.cc.
TEST_P(Vectors, AgreeWithTheReferenceLineByLine) {
  const auto text = read_vector_file(GetParam());
  ASSERT_TRUE(text.ok()) << text.status();
  const std::vector<std::string_view> lines = split_lines(*text);
  ASSERT_FALSE(lines.empty());
  for (size_t i = 0; i < lines.size(); ++i) {
    const absl::Status status = check_line(lines[i]);
    EXPECT_TRUE(status.ok() || absl::IsCancelled(status)) << "line " << i + 1 << ": " << status;
  }
}

INSTANTIATE_TEST_SUITE_P(AllFiles, Vectors, testing::ValuesIn(vector_files()), test_name);

TEST(VectorFiles, AreAllThere) { EXPECT_EQ(vector_files().size(), 106u); }

// A checker that accepts everything would pass all of the above.
TEST(Checker, SeesADifferenceInBytesJsonVersionAndFrame) {
  const std::string sound =
      R"({"message":"TransactionLog","record":0,"kind":"key","version":0,)"
      R"("case":"x","hex":"00026162","framed":"000000026162","json":{"transactionalId":"ab"}})";
  ASSERT_TRUE(check_line(sound).ok()) << check_line(sound);
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string line = sound;
    line.replace(line.find(from), from.size(), to);
    return check_line(line);
  };
  EXPECT_FALSE(with(R"("hex":"00026162")", R"("hex":"00026163")").ok());
  EXPECT_FALSE(with(R"("hex":"00026162")", R"("hex":"0002616200")").ok());
  EXPECT_FALSE(with(R"(:"ab")", R"(:"ac")").ok());
  EXPECT_FALSE(with(R"(:"ab")", R"(:null)").ok());
  EXPECT_FALSE(with("framed\":\"00000002", "framed\":\"00010002").ok());
  EXPECT_FALSE(with(R"("version":0)", R"("version":1)").ok());
  EXPECT_FALSE(with("TransactionLog", "NoSuchMessage").ok());
  EXPECT_FALSE(check_line("{}").ok());
  EXPECT_FALSE(check_line("not json").ok());
}

TEST(Checker, SeesADifferenceInWhatAProduceGives) {
  const auto text = read_vector_file("kafka/testdata/record-batches.jsonl.zst");
  ASSERT_TRUE(text.ok());
  Json line = Json::parse(split_lines(*text)[0]);
  ASSERT_TRUE(check_line(line.dump()).ok());
  Json other = line;
  other["produce"] = {{"error", "CORRUPT_MESSAGE"}};
  EXPECT_FALSE(check_line(other.dump()).ok());
  other = line;
  other["records"][0]["value"] = "00";
  EXPECT_FALSE(check_line(other.dump()).ok());
  other = line;
  other["header"]["crc"] = 1;
  EXPECT_FALSE(check_line(other.dump()).ok());
}

// ---- damage: whatever arrives, readers answer and never crash ----

std::string mutate(std::string bytes, std::mt19937& random) {
  const auto draw = [&](size_t below) { return static_cast<size_t>(random()) % below; };
  const size_t times = 1 + draw(3);
  for (size_t i = 0; i < times && !bytes.empty(); ++i) {
    const size_t at = draw(bytes.size());
    switch (draw(4)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << draw(8)));
        break;
      case 1:
        bytes[at] = static_cast<char>(draw(2) == 0 ? 0xff : 0x7f);
        break;
      case 2:
        bytes.insert(at, 1 + draw(4), static_cast<char>(random()));
        break;
      default:
        bytes.erase(at, 1 + draw(4));
        break;
    }
  }
  return bytes;
}

TEST(Damage, AMutatedMessageIsReadOrRefusedAndWhatIsReadCanBeWrittenAndReadAgain) {
  int64_t read = 0;
  int64_t refused = 0;
  for (const std::string& file : vector_files()) {
    const auto text = read_vector_file(file);
    uint32_t seed = 0;
    for (const std::string_view line_text : split_lines(*text)) {
      const Json line = Json::parse(line_text);
      if (!line.contains("kind")) break;
      const auto type = type_of_line(line);
      ASSERT_TRUE(type.ok());
      const auto version = line.at("version").get<int16_t>();
      const std::string sound = hex_of(line, "hex");
      std::mt19937 random(seed++);
      for (int round = 0; round < 4; ++round) {
        const std::string bytes = mutate(sound, random);
        const auto message = (*type)->create();
        ByteReader in(bytes);
        if (!message->read(in, version).ok()) {
          ++refused;
          continue;
        }
        ++read;
        MessageWriter out;
        ASSERT_TRUE(message->write(out, version).ok()) << line_text;
        const std::string written = flatten(out.finish());
        const auto again = (*type)->create();
        ByteReader second(written);
        ASSERT_TRUE(again->read(second, version).ok()) << line_text;
        ASSERT_TRUE(second.at_end());
      }
    }
  }
  EXPECT_GT(read, 1000);
  EXPECT_GT(refused, 1000);
}

TEST(Damage, AMutatedBatchIsReadOrRefused) {
  int64_t sound_records = 0;
  int64_t damaged = 0;
  for (const char* file : {"record-batches", "record-batches-reject"}) {
    const auto text = read_vector_file(std::string("kafka/testdata/") + file + ".jsonl.zst");
    ASSERT_TRUE(text.ok());
    uint32_t seed = 0;
    for (const std::string_view line : split_lines(*text)) {
      const std::string original = hex_of(Json::parse(line), "hex");
      std::mt19937 random(seed++);
      for (int round = 0; round < 50; ++round) {
        std::string bytes = mutate(original, random);
        BatchStream stream(bytes);
        while (const auto batch = stream.next()) {
          const auto records = decompress(batch->codec(), batch->payload());
          if (!records.ok()) {
            ++damaged;
            continue;
          }
          RecordReader reader(*batch, *records);
          while (const auto record = reader.next()) {
            ++sound_records;
            EXPECT_EQ(record->headers().size(), static_cast<size_t>(record->header_count));
          }
        }
        // With a checksum that matches the damage, so that the checks behind it are reached.
        if (bytes.size() > kBatchHeaderSize && BatchView::parse(bytes).ok()) {
          store_big_endian<uint32_t>(bytes.data() + 17, BatchView::parse(bytes)->computed_crc());
        }
        AppendRules rules;
        for (const Validation depth : {Validation::kRelaxed, Validation::kStrict}) {
          rules.validation = depth;
          const AppendVerdict verdict = validate_append(bytes, rules, 1'700'000'000'000);
          if (!verdict.ok()) continue;
          const std::string appended = stamped_copy(verdict, Offset(5), LeaderEpoch(1));
          EXPECT_TRUE(BatchView::parse(appended)->crc_matches());
        }
      }
    }
  }
  EXPECT_GT(sound_records, 1000);
  EXPECT_GT(damaged, 100);
}

}  // namespace
}  // namespace barnabas::kafka
