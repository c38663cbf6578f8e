// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>

#include "fdt/codec/internal/file_handler.h"
#include "fdt/tool/extract_parts.h"
#include "fdt/tool/format.h"
#include "fdt/tool/json.h"
#include "fdt/tool/target.h"

namespace kho::tool {

Damage::Damage(const Findings &findings) : incomplete_(findings.dropped() != 0) {
    // "/LUO/sessions/3 "name"/files/2/folios": the fourth part is the index, whatever the name is, since '/'
    // in a name comes before "/files/" and indices are digits.
    for (const Finding &finding : findings.list()) {
        if (finding.severity() != Severity::error)
            continue;
        const std::string_view path = finding.path;
        const std::size_t files = path.rfind("/files/");
        if (files == std::string_view::npos)
            continue;
        std::size_t end = files + 7;
        while (end < path.size() && path[end] >= '0' && path[end] <= '9') end++;
        errors_.try_emplace(std::string(path.substr(0, end)), finding.message());
    }
}

std::optional<std::string> Damage::of(const Handover &handover, FilePlace place) const {
    if (!errors_.empty()) {
        const auto found = errors_.find(file_path(handover, place.session, place.file));
        if (found != errors_.end())
            return found->second;
    }
    if (incomplete_)
        return "the handover has so many errors that it is unknown whether this file is sound";
    return std::nullopt;
}

std::optional<FileContent> content_of(const LuoFile &file) {
    return file.body ? file.body.handler()->content(file) : std::nullopt;
}

std::string safe_file_name(std::string_view session, std::uint64_t token) {
    std::string name;
    for (const char c : session) {
        const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                          c == '-' || c == '_' || (c == '.' && !name.empty());
        if (good) {
            name += c;
            continue;
        }
        char escape[4];
        std::snprintf(escape, sizeof escape, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
        name += escape;
    }
    return (name.empty() ? "%" : name) + "." + hex(token);
}

namespace {

// errno, or 0.
int make_empty_folder(const std::string &folder) {
    if (mkdir(folder.c_str(), 0700) == 0)
        return 0;
    if (errno != EEXIST)
        return errno;
    DIR *open = opendir(folder.c_str());
    if (open == nullptr)
        return errno;
    int result = 0;
    while (const dirent *entry = readdir(open))
        if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
            result = ENOTEMPTY;
    closedir(open);
    return result;
}

Outcome write_file(Command &command, const Input &input, const FileContent &content,
                   const std::string &path) {
    Result<Target> target = Target::open(command, path);
    if (!target)
        return target.error();
    if (Outcome outcome = copy_file(input.image.memory(), content, target.value().sink()); !outcome)
        return outcome;
    return target.value().commit();
}

}  // namespace

int extract_all(Command &command, const Input &input, const Damage &damage, const std::string &folder) {
    if (const int error = make_empty_folder(folder); error != 0)
        return command.fail(folder, std::strerror(error));
    const std::string prefix = folder + "/";
    const std::string index = prefix + "index.json";
    const int descriptor = ::open(index.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0)
        return command.fail(index, std::strerror(errno));
    Output out(descriptor);
    Json json(out);
    json.object().foreign("file", input.path).array("files");
    bool complete = true;
    std::map<std::string, unsigned> taken;
    const auto &sessions = input.handover.luo->sessions;
    for (std::uint32_t session = 0; session < sessions.size(); session++)
        for (std::uint32_t file = 0; file < sessions[session].files.size(); file++) {
            const LuoFile &entry = sessions[session].files[file];
            json.object_row().foreign("session", sessions[session].name).hex("token", entry.token);
            json.foreign("compatible", entry.compatible);
            std::optional<std::string> problem = damage.of(input.handover, {session, file});
            const std::optional<FileContent> content = content_of(entry);
            if (!problem && !content)
                problem = "no memfd: its content is known to its handler only";
            std::string name = safe_file_name(sessions[session].name, entry.token);
            if (!problem) {
                // Malformed: the same token twice.
                if (const unsigned before = taken[name]++; before != 0)
                    name += "+" + std::to_string(before);
                const std::string path = prefix + name;
                if (Outcome outcome = write_file(command, input, *content, path); !outcome)
                    problem = describe(outcome.error());
            }
            if (problem) {
                complete = false;
                command.warn(input.path, file_path(input.handover, session, file) + " left out: " + *problem);
                json.text("problem", printable(*problem)).end();
                continue;
            }
            json.text("name", name).number("size", content->size);
            if (const Memfd *memfd = memfd_of(entry))
                json.number("pos", memfd->pos).hex("seals", memfd->seals);
            json.end();
        }
    json.end().end();
    const int error = out.finish();
    if (::close(descriptor) != 0 || error != 0)
        return command.fail(index, std::strerror(error != 0 ? error : errno));
    return complete ? exit_clean : exit_findings;
}

}  // namespace kho::tool
