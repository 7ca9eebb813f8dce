#include "common/net/grpc_tools.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/net/event_loop.h"
#include "common/net/grpc_health.pb.h"
#include "common/net/grpc_reflection.pb.h"
#include "common/net/grpc_reflection_v1alpha.pb.h"

namespace barnabas {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using testing::Contains;
using testing::ElementsAre;

constexpr char kCheck[] = "/grpc.health.v1.Health/Check";

// A client that knows the methods by name only, one completion at a time.
class Client {
 public:
  explicit Client(const Endpoint& to)
      : stub_(grpc::CreateChannel(to_string(to), grpc::InsecureChannelCredentials())) {}

  template <class Request, class Response>
  class Stream {
   public:
    Stream(grpc::GenericStub& stub, const std::string& method)
        : call_((context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30)),
                 stub.PrepareCall(&context_, method, &queue_))) {
      call_->StartCall(this);
      next();
    }
    ~Stream() {
      context_.TryCancel();
      queue_.Shutdown();
      void* tag = nullptr;
      bool ok = false;
      while (queue_.Next(&tag, &ok)) {
      }
    }
    void send(const Request& request) {
      const std::string bytes = request.SerializeAsString();
      const grpc::Slice slice(bytes);
      call_->Write(grpc::ByteBuffer(&slice, 1), this);
      EXPECT_TRUE(next());
    }
    void no_more() {
      call_->WritesDone(this);
      next();
    }
    std::optional<Response> receive() {
      grpc::ByteBuffer bytes;
      call_->Read(&bytes, this);
      if (!next()) return std::nullopt;
      std::vector<grpc::Slice> slices;
      EXPECT_TRUE(bytes.Dump(&slices).ok());
      std::string flat;
      for (const grpc::Slice& slice : slices) flat.append(slice.begin(), slice.end());
      Response response;
      EXPECT_TRUE(response.ParseFromString(flat));
      return response;
    }
    grpc::Status finish() {
      grpc::Status status;
      call_->Finish(&status, this);
      next();
      return status;
    }

   private:
    bool next() {
      void* tag = nullptr;
      bool ok = false;
      return queue_.Next(&tag, &ok) && ok;
    }

    grpc::ClientContext context_;
    grpc::CompletionQueue queue_;
    std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  };

  template <class Request, class Response>
  std::unique_ptr<Stream<Request, Response>> open(const std::string& method) {
    return std::make_unique<Stream<Request, Response>>(stub_, method);
  }

 private:
  grpc::GenericStub stub_;
};

class GrpcTools : public testing::Test {
 protected:
  GrpcTools() {
    serve_grpc_health(transport_, loop_.loop(), [this](const std::string& service) {
      EXPECT_TRUE(loop_.loop().here());
      if (service.empty()) return std::optional<bool>(serving_);
      return service == "castle.Messenger" ? std::optional<bool>(true) : std::nullopt;
    });
    serve_grpc_reflection(transport_, loop_.loop(), {});
    auto listening = transport_.listen({"127.0.0.1", 0}, {Channel::kRaft}, {&loop_.loop()},
                                       [](Channel, const LinkPtr&) {});
    EXPECT_TRUE(listening.ok()) << listening.status();
    listening_ = *std::move(listening);
    client_ = std::make_unique<Client>(listening_->endpoint());
  }

  std::pair<grpc::Status, HealthCheckResponse> check(const std::string& service,
                                                     const std::string& method = kCheck) {
    const auto call = client_->open<HealthCheckRequest, HealthCheckResponse>(method);
    HealthCheckRequest request;
    request.set_service(service);
    call->send(request);
    call->no_more();
    const auto response = call->receive();
    return {call->finish(), response.value_or(HealthCheckResponse())};
  }

  LoopThread loop_{"loop"};
  GrpcTransport transport_;
  std::atomic<bool> serving_ = true;
  std::unique_ptr<Listening> listening_;
  std::unique_ptr<Client> client_;
};

TEST_F(GrpcTools, HealthIsToldOfTheProcessAndOfEachService) {
  EXPECT_EQ(check("").second.status(), HealthCheckResponse::SERVING);
  serving_ = false;
  EXPECT_EQ(check("").second.status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(check("castle.Messenger").second.status(), HealthCheckResponse::SERVING);
  EXPECT_EQ(check("castle.Landlady").first.error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(GrpcTools, WatchIsNotImplementedAndSaysSo) {
  EXPECT_EQ(check("", "/grpc.health.v1.Health/Watch").first.error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

// The same conversation under both names.
template <class Request, class Response>
void converse(Client& client, const std::string& version) {
  const auto stream = client.open<Request, Response>("/grpc.reflection." + version +
                                                     ".ServerReflection/ServerReflectionInfo");
  Request request;
  request.set_list_services("*");
  stream->send(request);
  std::vector<std::string> names;
  const auto list = stream->receive();
  ASSERT_TRUE(list.has_value());
  for (const auto& service : list->list_services_response().service()) {
    names.push_back(service.name());
  }
  EXPECT_THAT(names, ElementsAre("grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                                 "grpc.reflection.v1alpha.ServerReflection"));

  for (const std::string& name : names) {
    request.set_file_containing_symbol(name);
    stream->send(request);
    const auto files = stream->receive();
    ASSERT_TRUE(files.has_value());
    ASSERT_EQ(files->file_descriptor_response().file_descriptor_proto_size(), 1) << name;
    google::protobuf::FileDescriptorProto file;
    ASSERT_TRUE(file.ParseFromString(files->file_descriptor_response().file_descriptor_proto(0)));
    EXPECT_EQ(file.package() + "." + file.service(0).name(), name);
  }

  request.set_file_containing_symbol("castle.Nobody");
  stream->send(request);
  EXPECT_EQ(stream->receive()->error_response().error_code(), 5);
  request.set_file_by_filename("no/such.proto");
  stream->send(request);
  EXPECT_EQ(stream->receive()->error_response().error_code(), 5);
  request.clear_message_request();
  stream->send(request);
  EXPECT_EQ(stream->receive()->error_response().error_code(), 3);

  stream->no_more();
  EXPECT_EQ(stream->receive(), std::nullopt);
  EXPECT_TRUE(stream->finish().ok());
}

TEST_F(GrpcTools, ReflectionListsServicesAndGivesTheirFilesUnderBothNames) {
  converse<grpc::reflection::v1::ServerReflectionRequest,
           grpc::reflection::v1::ServerReflectionResponse>(*client_, "v1");
  converse<grpc::reflection::v1alpha::ServerReflectionRequest,
           grpc::reflection::v1alpha::ServerReflectionResponse>(*client_, "v1alpha");
}

TEST_F(GrpcTools, AClientThatLeavesInMidConversationDoesNoHarm) {
  using Request = grpc::reflection::v1::ServerReflectionRequest;
  using Response = grpc::reflection::v1::ServerReflectionResponse;
  {
    const auto stream = client_->open<Request, Response>(
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
    Request request;
    request.set_list_services("*");
    stream->send(request);
  }
  EXPECT_EQ(check("").second.status(), HealthCheckResponse::SERVING);
}

TEST_F(GrpcTools, TheEndOfTheServerEndsAConversationThatIsOpen) {
  using Request = grpc::reflection::v1::ServerReflectionRequest;
  using Response = grpc::reflection::v1::ServerReflectionResponse;
  const auto stream =
      client_->open<Request, Response>("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
  Request request;
  request.set_list_services("*");
  stream->send(request);
  EXPECT_TRUE(stream->receive().has_value());
  listening_.reset();
  EXPECT_EQ(stream->receive(), std::nullopt);
}

}  // namespace
}  // namespace barnabas
