// A verb that is shown again and again: on a terminal in its place, elsewhere one after the other.

#include "cli/watch.h"

#include <gtest/gtest.h>

#include <sstream>

namespace barnabas::cli {
namespace {

class Watch : public testing::Test {
 protected:
  // After `looks` of them the reader has gone.
  int run(int looks, Format format, size_t width) {
    Output output{out, err, format};
    output.width = width;
    const Patience patience{[] { return Milliseconds(0); },
                            [&](Milliseconds time) {
                              EXPECT_EQ(time, kWatchEvery);
                              if (++waited == looks - 1) gone = true;
                            }};
    return watch(output, patience, [&](const Output& to) {
      const int look = ++shown;
      if (to.data()) {
        to.out << "{\"look\":" << look << "}\n";
      } else {
        to.out << "look " << look << "\nlag  0\n";
      }
      if (look == 2) to.fail(Problem{ExitCode::kUnreachable, "look", "nobody there", "", ""});
      if (gone) out.setstate(std::ios::badbit);
      return look;
    });
  }

  std::ostringstream out, err;
  int waited = 0, shown = 0;
  bool gone = false;
};

TEST_F(Watch, EndsWithItsReaderAndTheCodeOfTheLastLook) {
  EXPECT_EQ(run(3, Format::kTable, 0), 3);
  EXPECT_EQ(waited, 2);
}

TEST_F(Watch, WithoutATerminalOnePictureFollowsTheOther) {
  run(3, Format::kTable, 0);
  EXPECT_EQ(out.str(), "look 1\nlag  0\n\nlook 2\nlag  0\n\nlook 3\nlag  0\n");
  EXPECT_NE(err.str().find("nobody there"), std::string::npos) << "and goes on";
}

TEST_F(Watch, ForProgramsEachLookIsALine) {
  run(3, Format::kJson, 80);
  EXPECT_EQ(out.str(), "{\"look\":1}\n{\"look\":2}\n{\"look\":3}\n");
}

TEST_F(Watch, OnATerminalAPictureTakesThePlaceOfTheOneBeforeWithItsErrors) {
  run(3, Format::kTable, 80);
  const std::string said = out.str();
  EXPECT_EQ(said.substr(0, 45),
            "\033[Hlook 1\033[K\nlag  0\033[K\n\033[J\033[Hlook 2\033[K\nlag  0");
  EXPECT_NE(said.find("nobody there"), std::string::npos);
  EXPECT_EQ(err.str(), "");
}

}  // namespace
}  // namespace barnabas::cli
