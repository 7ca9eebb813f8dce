#include "common/net/grpc_tools.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <memory>
#include <set>
#include <utility>

#include "common/net/grpc_health.pb.h"
#include "common/net/grpc_reflection.pb.h"
#include "common/net/grpc_reflection_v1alpha.pb.h"

namespace barnabas {
namespace {

namespace reflection = grpc::reflection::v1;
using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;

constexpr char kHealth[] = "grpc.health.v1.Health";
constexpr char kReflection[] = "grpc.reflection.v1.ServerReflection";
constexpr char kReflectionAlpha[] = "grpc.reflection.v1alpha.ServerReflection";

const DescriptorPool& pool() { return *DescriptorPool::generated_pool(); }

void set_error(absl::StatusCode code, std::string message,
               reflection::ServerReflectionResponse& response) {
  response.mutable_error_response()->set_error_code(static_cast<int>(code));
  response.mutable_error_response()->set_error_message(std::move(message));
}

// The file after all that it imports.
void add_file(const FileDescriptor& file, std::set<const FileDescriptor*>& added,
              reflection::FileDescriptorResponse& out) {
  if (!added.insert(&file).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) add_file(*file.dependency(i), added, out);
  FileDescriptorProto proto;
  file.CopyTo(&proto);
  out.add_file_descriptor_proto(proto.SerializeAsString());
}

void answer_file(const FileDescriptor* file, const std::string& asked,
                 reflection::ServerReflectionResponse& response) {
  if (file == nullptr) {
    return set_error(absl::StatusCode::kNotFound, absl::StrCat(asked, " is not known here"),
                     response);
  }
  std::set<const FileDescriptor*> added;
  add_file(*file, added, *response.mutable_file_descriptor_response());
}

void answer_extensions(const std::string& type, reflection::ServerReflectionResponse& response) {
  if (pool().FindMessageTypeByName(type) == nullptr) {
    return set_error(absl::StatusCode::kNotFound, absl::StrCat(type, " is not known here"),
                     response);
  }
  // proto3 has none.
  response.mutable_all_extension_numbers_response()->set_base_type_name(type);
}

reflection::ServerReflectionResponse answer(const reflection::ServerReflectionRequest& request,
                                            const std::vector<std::string>& services) {
  using Request = reflection::ServerReflectionRequest;
  reflection::ServerReflectionResponse response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case Request::kListServices:
      response.mutable_list_services_response();
      for (const std::string& name : services) {
        response.mutable_list_services_response()->add_service()->set_name(name);
      }
      break;
    case Request::kFileByFilename:
      answer_file(pool().FindFileByName(request.file_by_filename()), request.file_by_filename(),
                  response);
      break;
    case Request::kFileContainingSymbol:
      answer_file(pool().FindFileContainingSymbol(request.file_containing_symbol()),
                  request.file_containing_symbol(), response);
      break;
    case Request::kAllExtensionNumbersOfType:
      answer_extensions(request.all_extension_numbers_of_type(), response);
      break;
    case Request::kFileContainingExtension:
      set_error(absl::StatusCode::kNotFound, "there are no extensions here", response);
      break;
    case Request::MESSAGE_REQUEST_NOT_SET:
      set_error(absl::StatusCode::kInvalidArgument, "the request asks for nothing", response);
      break;
  }
  return response;
}

}  // namespace

void serve_grpc_health(GrpcTransport& transport, Executor& loop, IsServing is_serving) {
  transport.serve(
      kHealth, loop,
      [is_serving = std::move(is_serving)](const std::string& method, const Buffer& bytes,
                                           GrpcTransport::Respond respond) mutable {
        using Response = grpc::health::v1::HealthCheckResponse;
        if (method != "Check") {
          return respond(absl::UnimplementedError("health can be asked for with Check only"));
        }
        grpc::health::v1::HealthCheckRequest request;
        if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
          return respond(absl::InvalidArgumentError("the request is no HealthCheckRequest"));
        }
        const std::optional<bool> serving = is_serving(request.service());
        if (!serving.has_value()) {
          return respond(
              absl::NotFoundError(absl::StrCat("there is no service ", request.service())));
        }
        Response response;
        response.set_status(*serving ? Response::SERVING : Response::NOT_SERVING);
        respond(response.SerializeAsString());
      });
}

void serve_grpc_reflection(GrpcTransport& transport, Executor& loop,
                           std::vector<std::string> services) {
  // Without a use of its own the linker would drop the older one's descriptors.
  grpc::reflection::v1alpha::ServerReflectionRequest::descriptor();
  services.insert(services.end(), {kHealth, kReflection, kReflectionAlpha});
  for (const std::string& name : services) {
    CHECK(pool().FindServiceByName(name) != nullptr) << name << " is not linked in";
  }
  for (const char* const service : {kReflection, kReflectionAlpha}) {
    transport.converse(
        service, loop,
        [services](const std::string& method, const Buffer& bytes, GrpcTransport::Respond respond) {
          reflection::ServerReflectionRequest request;
          if (method != "ServerReflectionInfo") {
            return respond(absl::UnimplementedError(absl::StrCat("no method ", method, " here")));
          }
          if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
            return respond(absl::InvalidArgumentError("the request is no ServerReflectionRequest"));
          }
          respond(answer(request, services).SerializeAsString());
        });
  }
}

}  // namespace barnabas
