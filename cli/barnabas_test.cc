// The program itself, against an AdminService in this process: connections, formats, exit codes.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <string>

#include "proto/admin_service.grpc.pb.h"

namespace barnabas::cli {
namespace {

class Service final : public AdminService::Service {
 public:
  grpc::Status Call(grpc::ServerContext* /*context*/, const proto::AdminRequest* request,
                    proto::AdminAnswer* answer) override {
    ++asked;
    if (!leader.empty()) {
      answer->mutable_error()->set_code(41);
      answer->mutable_leader()->set_endpoint(leader);
      return grpc::Status::OK;
    }
    for (const proto::NewTopic& wanted : request->create_topics().topics()) {
      proto::CreatedTopic& topic = *answer->mutable_create_topics()->add_topics();
      topic.set_name(wanted.name());
      topic.set_partitions(wanted.partitions());
      topic.set_replication_factor(wanted.replication_factor());
      if (wanted.name() == "taken") topic.mutable_error()->set_code(36);
    }
    if (request->has_describe_topics()) {
      answer->mutable_describe_topics()->add_topics()->set_name("board");
    }
    return grpc::Status::OK;
  }

  std::string leader;  // not empty: this one is not active
  std::atomic<int> asked{0};
};

struct Server {
  Server() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    server = builder.BuildAndStart();
  }
  std::string endpoint() const { return "127.0.0.1:" + std::to_string(port); }
  int port = 0;
  Service service;
  std::unique_ptr<grpc::Server> server;
};

struct Ran {
  int exit;
  std::string out;
};

Ran run(const std::string& arguments) {
  FILE* pipe = popen(("exec cli/barnabas " + arguments).c_str(), "r");
  Ran ran{-1, ""};
  char buffer[4096];
  for (size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) ran.out.append(buffer, n);
  const int status = pclose(pipe);
  ran.exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

TEST(Barnabas, AsksTheActiveControllerAndPrintsWhatItSays) {
  Server active, standby;
  standby.service.leader = active.endpoint();
  const Ran ran = run("topic list -q --controllers " + standby.endpoint());
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.out, "board\n");
  EXPECT_EQ(standby.service.asked, 1);
  EXPECT_EQ(active.service.asked, 1);
}

TEST(Barnabas, PrintsJsonToStdoutAndErrorsToStderr) {
  Server active;
  const Ran ran = run("topic create taken --format json --controllers " + active.endpoint() +
                      " 2>&1 >/dev/null");
  EXPECT_EQ(ran.exit, 4);
  EXPECT_EQ(ran.out.rfind("{\"error\":{\"exit\":4,", 0), 0U) << ran.out;
}

TEST(Barnabas, GoesOnToTheNextControllerWhereOneIsDead) {
  Server active;
  Server dead;
  const std::string controllers = dead.endpoint() + "," + active.endpoint();
  dead.server->Shutdown();
  dead.server.reset();
  EXPECT_EQ(run("topic create a -p 1 -r 1 --controllers " + controllers).out,
            "created topic a  1 partition, 1 replica each\n");
}

TEST(Barnabas, ExitsWith6WhereNobodyListensAndSaysWhereItLooked) {
  Server dead;
  const std::string endpoint = dead.endpoint();
  dead.server->Shutdown();
  dead.server.reset();
  const Ran ran = run("topic list --timeout 200ms --controllers " + endpoint + " 2>&1");
  EXPECT_EQ(ran.exit, 6);
  EXPECT_NE(ran.out.find(endpoint), std::string::npos) << ran.out;
  EXPECT_EQ(run("status -q --controllers " + endpoint + " 2>/dev/null").exit, 2);
}

TEST(Barnabas, ExitsWith7WhereNobodyIsActive) {
  Server standby;
  standby.service.leader = standby.endpoint();
  EXPECT_EQ(run("topic list --timeout 200ms --controllers " + standby.endpoint() + " 2>&1").exit,
            7);
}

TEST(Barnabas, ExitsWith2ForWordsItDoesNotKnow) {
  EXPECT_EQ(run("topc list 2>/dev/null").exit, 2);
  EXPECT_EQ(run("status --nonsense 2>/dev/null").exit, 64);
}

TEST(Barnabas, ExitsWith6WhereNoBrokerListens) {
  Server dead;
  const std::string endpoint = dead.endpoint();
  dead.server->Shutdown();
  dead.server.reset();
  const Ran ran = run("consume board --timeout 300ms --bootstrap " + endpoint + " 2>&1");
  EXPECT_EQ(ran.exit, 6) << ran.out;
  EXPECT_NE(ran.out.find("no broker answers at " + endpoint), std::string::npos) << ran.out;
}

TEST(Barnabas, SaysItsVersion) {
  EXPECT_EQ(run("version").out.rfind("barnabas ", 0), 0U);
  EXPECT_EQ(run("version --format json").out.rfind("{\"name\":\"barnabas\"", 0), 0U);
}

}  // namespace
}  // namespace barnabas::cli
