#include "common/transport.h"

#include <gtest/gtest.h>

namespace barnabas {
namespace {

TEST(Endpoint, IsReadAsHostAndPort) {
  EXPECT_EQ(parse_endpoint("localhost:9092").value(), (Endpoint{"localhost", 9092}));
  EXPECT_EQ(parse_endpoint("[::1]:0").value(), (Endpoint{"::1", 0}));
  EXPECT_EQ(parse_endpoint(":9092").value(), (Endpoint{"", 9092}));
}

TEST(Endpoint, AnErrorSaysWhatIsWrongWithTheText) {
  const auto error = [](const char* text) {
    return std::string(parse_endpoint(text).status().message());
  };
  EXPECT_EQ(error("localhost"), "'localhost' is not HOST:PORT: there is no ':' before a port");
  EXPECT_NE(error("h:65536").find("0 to 65535"), std::string::npos);
  EXPECT_NE(error("h:-1").find("0 to 65535"), std::string::npos);
  EXPECT_NE(error("h:").find("0 to 65535"), std::string::npos);
  EXPECT_NE(error("h: 1").find("0 to 65535"), std::string::npos);
  EXPECT_NE(error("::1:9092").find("brackets"), std::string::npos);
  EXPECT_NE(error("[::1:9092").find("never closed"), std::string::npos);
}

TEST(Endpoint, IsWrittenAsItIsRead) {
  for (const char* text : {"localhost:9092", "[::1]:9092", "10.0.0.1:1", ":9092"}) {
    EXPECT_EQ(to_string(parse_endpoint(text).value()), text);
  }
}

}  // namespace
}  // namespace barnabas
