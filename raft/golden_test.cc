// Scripts of what happens to a few voters, with all that follows from it (testing/stage.h).
//
// A file begins with "voters N [append-bytes M] [others K]". Lines with "> " are commands, what
// follows each is what happened, "# " are remarks. After a change that is meant:
//   bazel run //raft:golden_test -- --rewrite
// and the difference is to be read like code.

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "raft/testing/stage.h"

namespace barnabas::raft::testing {
namespace {

bool rewrite = false;

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string play(const std::string& script) {
  std::string out;
  std::unique_ptr<Stage> stage;
  std::istringstream lines(script);
  std::string line;
  while (std::getline(lines, line)) {
    if (absl::StartsWith(line, "voters ")) {
      const std::vector<std::string> words = absl::StrSplit(line, ' ');
      size_t append_bytes = size_t{1} << 20;
      size_t others = 0;
      for (size_t i = 2; i + 1 < words.size(); i += 2) {
        (words[i] == "others" ? others : append_bytes) = std::stoul(words[i + 1]);
      }
      stage = std::make_unique<Stage>(std::stoul(words[1]), append_bytes, others);
      absl::StrAppend(&out, line, "\n");
    } else if (absl::StartsWith(line, "> ")) {
      absl::StrAppend(&out, line, "\n", stage->run(line.substr(2)));
    } else if (absl::StartsWith(line, "#") || line.empty()) {
      absl::StrAppend(&out, line, "\n");
    }
  }
  return out;
}

class Golden : public ::testing::TestWithParam<std::string> {};

TEST_P(Golden, HappensAsWrittenDown) {
  const std::filesystem::path here("raft/testdata");
  const std::string script = read(here / GetParam());
  ASSERT_FALSE(script.empty());
  const std::string played = play(script);
  EXPECT_EQ(played.find("not understood"), std::string::npos) << played;
  if (rewrite) {
    const char* workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
    const std::filesystem::path root = workspace == nullptr ? "." : workspace;
    std::ofstream(root / here / GetParam()) << played;
    return;
  }
  EXPECT_EQ(played, script);
}

std::vector<std::string> scripts() {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator("raft/testdata")) {
    if (file.path().extension() == ".txt") names.push_back(file.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Scripts, Golden, ::testing::ValuesIn(scripts()), [](const auto& info) {
  return info.param.substr(0, info.param.find('.'));
});

TEST(GoldenSuite, HasScripts) { EXPECT_GE(scripts().size(), 10U); }

}  // namespace
}  // namespace barnabas::raft::testing

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    if (std::string(argv[i]) == "--rewrite") barnabas::raft::testing::rewrite = true;
  }
  return RUN_ALL_TESTS();
}
