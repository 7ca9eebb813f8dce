"""clang-format and clang-tidy (with Clang's thread-safety analysis) as build actions.

    bazel build --config=lint //...

An aspect: every source file of this workspace gets one formatting action, every .cc file also one
clang-tidy action, with the include paths and defines of its own target. Results are cached like any
other output, so an unchanged file costs nothing. Generated files are left alone.
"""

_KINDS = ["cc_library", "cc_binary", "cc_test"]

def _flags(context):
    flags = ["-std=c++20", "-Wall", "-Wextra", "-Wthread-safety", "-I."]
    for define in context.defines.to_list() + context.local_defines.to_list():
        flags.append("-D" + define)
    for path in context.quote_includes.to_list():
        flags += ["-iquote", path]
    for path in context.includes.to_list():
        flags.append("-I" + path)
    for path in context.system_includes.to_list():
        flags += ["-isystem", path]
    return flags

def _lint_impl(target, ctx):
    if ctx.rule.kind not in _KINDS or CcInfo not in target or target.label.workspace_name:
        return []
    sources = []
    for attribute in ["srcs", "hdrs"]:
        for file in getattr(ctx.rule.files, attribute, []):
            if file.is_source and file.extension in ["cc", "h"]:
                sources.append(file)
    context = target[CcInfo].compilation_context
    flags = None
    stamps = []
    for file in sources:
        stem = "_lint/%s/%s" % (target.label.name, file.basename)
        stamp = ctx.actions.declare_file(stem + ".format")
        ctx.actions.run(
            executable = ctx.executable._run,
            arguments = ["format", stamp.path, file.path],
            inputs = [file, ctx.file._format_config],
            outputs = [stamp],
            mnemonic = "ClangFormat",
            progress_message = "Checking the format of " + file.short_path,
        )
        stamps.append(stamp)
        if file.extension != "cc":
            continue
        if flags == None:
            flags = _flags(context)
        stamp = ctx.actions.declare_file(stem + ".tidy")
        ctx.actions.run(
            executable = ctx.executable._run,
            arguments = ["tidy", stamp.path, file.path] + flags,
            inputs = depset([file, ctx.file._tidy_config] + sources, transitive = [context.headers]),
            outputs = [stamp],
            mnemonic = "ClangTidy",
            progress_message = "Analyzing " + file.short_path,
        )
        stamps.append(stamp)
    return [OutputGroupInfo(lint = depset(stamps))]

lint = aspect(
    implementation = _lint_impl,
    attrs = {
        "_run": attr.label(
            default = "//tools/lint:run",
            executable = True,
            cfg = "exec",
        ),
        "_format_config": attr.label(default = "//:.clang-format", allow_single_file = True),
        "_tidy_config": attr.label(default = "//:.clang-tidy", allow_single_file = True),
    },
)
