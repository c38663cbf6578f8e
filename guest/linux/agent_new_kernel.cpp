// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <vector>

#include "guest/linux/agent_memory_file.h"
#include "guest/linux/agent_scenario.h"
#include "guest/linux/agent_text.h"
#include "guest/linux/kernel_log.h"
#include "guest/linux/life.h"
#include "guest/linux/liveupdate.h"
#include "guest/linux/report.h"
#include "guest/linux/reserved_memory.h"
#include "guest/linux/system.h"

namespace agent {

namespace {

constexpr std::size_t manifest_limit = 16 << 20;
constexpr unsigned test_flbs = 3;  // lib/tests/liveupdate.c registers so many with every handler

std::string failure(const std::string &session, std::uint64_t token, const std::string &what) {
    return text("session \"%s\" token 0x%llx: %s", session.c_str(), ull(token), what.c_str());
}

struct Retrieved {
    std::string name;
    Descriptor session;
    std::vector<Descriptor> files;
};

bool same_file(int a, int b) {
    struct stat first, second;
    return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_ino == second.st_ino &&
           first.st_dev == second.st_dev;
}

std::string retrieve_file(Retrieved &session, const ManifestFile &spec) {
    const Descriptor &file = session.files.emplace_back(retrieve_fd(session.session.fd(), spec.token));
    if (!file)
        return failure(session.name, spec.token, "retrieve: " + name_of_error(file.error()));
    if (const std::string why = difference(file.fd(), spec); !why.empty())
        return failure(session.name, spec.token, why);
    return {};
}

// Once more gives the same file; and what is not there is refused.
std::string retrieve_oddly(int device, Retrieved &session, const std::vector<ManifestFile> &files) {
    const Descriptor twice(retrieve_session(device, session.name));
    if (twice.error() != -EINVAL)
        return text("session \"%s\" a second time: %s", session.name.c_str(),
                    twice ? "given" : name_of_error(twice.error()).c_str());
    std::uint64_t unused = 0x5eed;
    for (const ManifestFile &file : files) unused = file.token == unused ? unused + 1 : unused;
    const Descriptor unknown(retrieve_fd(session.session.fd(), unused));
    if (unknown.error() != -ENOENT)
        return failure(session.name, unused,
                       unknown ? "was not preserved, yet it was given" : name_of_error(unknown.error()));
    if (files.empty())
        return {};
    const Descriptor again(retrieve_fd(session.session.fd(), files.front().token));
    if (!again)
        return failure(session.name, files.front().token, "retrieve again: " + name_of_error(again.error()));
    if (!same_file(again.fd(), session.files.back().fd()))
        return failure(session.name, files.front().token, "retrieve again: another file");
    return {};
}

// Sessions and files last first, so that order plays no part.
std::string retrieve(int device, const Manifest &manifest, std::vector<Retrieved> &retrieved) {
    for (auto spec = manifest.sessions.rbegin(); spec != manifest.sessions.rend(); ++spec) {
        retrieved.push_back({spec->name, Descriptor(retrieve_session(device, spec->name)), {}});
        Retrieved &session = retrieved.back();
        if (!session.session)
            return text("session \"%s\": retrieve: %s", spec->name.c_str(),
                        name_of_error(session.session.error()).c_str());
        for (auto file = spec->files.rbegin(); file != spec->files.rend(); ++file)
            if (std::string why = retrieve_file(session, *file); !why.empty())
                return why;
        if (std::string why = retrieve_oddly(device, session, spec->files); !why.empty())
            return why;
    }
    return {};
}

// After it the files are the user's alone, and as they were.
std::string finish(const Manifest &manifest, std::vector<Retrieved> &retrieved) {
    auto spec = manifest.sessions.rbegin();
    for (Retrieved &session : retrieved) {
        if (const int error = finish_session(session.session.fd()))
            return text("session \"%s\": finish: %s", session.name.c_str(), name_of_error(error).c_str());
        session.session = Descriptor(-EBADF);
        if (spec == manifest.sessions.rend())  // the manifest's own
            continue;
        if (!spec->files.empty())
            if (const std::string why = difference(session.files.back().fd(), spec->files.front());
                !why.empty())
                return failure(session.name, spec->files.front().token, "after finish: " + why);
        ++spec;
    }
    return {};
}

std::optional<Manifest> read_manifest(int device, const Parameters &parameters, Retrieved &own,
                                      std::string &why) {
    own.session = Descriptor(retrieve_session(device, manifest_session));
    if (parameters.has_scenario && parameters.scenario == "empty") {
        if (own.session.error() != -ENOENT)
            why = own.session ? "there is a session, though none was handed over"
                              : name_of_error(own.session.error());
        return Manifest{.release = {}, .scenario = "empty", .sessions = {}, .reservations = {}};
    }
    if (!own.session) {
        why = "retrieve session: " + name_of_error(own.session.error());
        return {};
    }
    const Descriptor &file = own.files.emplace_back(retrieve_fd(own.session.fd(), manifest_token));
    if (!file) {
        why = "retrieve: " + name_of_error(file.error());
        return {};
    }
    const std::optional<std::string> content = contents(file.fd(), manifest_limit);
    if (!content) {
        why = "cannot be read";
        return {};
    }
    unsigned line = 0;
    std::optional<Manifest> manifest = manifest_from(*content, &line);
    if (!manifest)
        why = text("line %u is not understood", line);
    else if (parameters.has_scenario && manifest->scenario != parameters.scenario)
        why = "is of scenario " + manifest->scenario;
    return manifest;
}

std::string compare_reservations(const Manifest &manifest, const std::string &log) {
    for (const ManifestReservation &reservation : manifest.reservations) {
        if (log.find("Revived memory reservation '" + reservation.name + "' from KHO") == std::string::npos)
            return "\"" + reservation.name + "\" was not revived";
        if (std::string why = reservation_difference(reservation); !why.empty())
            return why;
    }
    return {};
}

// The kernel's own test FLBs: found when their handler was registered, finished with its last file. 6.19
// takes what 7.0 hands over, but knows no FLBs: those are lost there. `said`: what became of them.
std::string flbs(const Manifest &manifest, const std::string &log, std::string &said) {
    const bool carried = Limits::of(Release::from(manifest.release)).flbs && !manifest.sessions.empty();
    const bool known = Limits::of(Release::from(uname_release())).flbs;
    unsigned expected = carried && known ? test_flbs : 0;
    const unsigned found = occurrences(log, "found flb data from the previous boot"),
                   finished = occurrences(log, "finish was triggered");
    // The payload has FLBs of these names only if it was asked for them.
    if (manifest.release == "payload" && found == finished)
        expected = found;
    if (found != expected || finished != expected)
        return text("expected %u, found %u, finished %u", expected, found, finished);
    said = carried && !known ? "FLBs are lost: this kernel knows none" : text("%u FLBs", found);
    return {};
}

// The kernel's own KHO test (lib/test_kho.c) compares a checksum while it boots.
std::string kho_test(const std::string &log, bool must_be_there, bool &there) {
    there = log.find("KHO restore succeeded") != std::string::npos;
    if (log.find("KHO restore failed") != std::string::npos)
        return "KHO restore failed";
    return must_be_there && !there ? "nothing was restored" : "";
}

}  // namespace

[[noreturn]] void new_kernel(const Parameters &parameters) {
    std::string who = "Linux " + uname_release();
    Report report(10);
    report.note("stage 2 on " + who);
    const auto give_up = [&] { end(false, who + ": " + report.first_failure()); };

    const std::string boot_log = kernel_log();
    const bool found = boot_log.find("KHO: found kexec handover data.") != std::string::npos;
    if (!report.result(found, "handover", found ? "" : "the kernel found none"))
        give_up();
    const std::string number = liveupdate_number(boot_log);
    report.result(!number.empty(), "live update data", number.empty() ? "the kernel found none" : number);
    const Descriptor device(open(liveupdate_device, O_RDWR | O_CLOEXEC));
    if (!report.result(bool(device), "live update device", device ? "" : name_of_error(errno)))
        give_up();

    std::string why;
    Retrieved own{manifest_session, Descriptor(-EBADF), {}};
    const std::optional<Manifest> manifest = read_manifest(device.fd(), parameters, own, why);
    if (!report.result(manifest && why.empty(), "manifest",
                       !why.empty() ? why : "scenario " + manifest->scenario + ", from " + manifest->release))
        give_up();
    who = "Linux " + (manifest->release.empty() ? "?" : manifest->release) + " -> " + who;

    std::vector<Retrieved> retrieved;
    why = retrieve(device.fd(), *manifest, retrieved);
    report.result(why.empty(), "retrieve and verify every byte", why.empty() ? totals(*manifest) : why);

    const Descriptor unknown_session(retrieve_session(device.fd(), "no such session"));
    report.result(unknown_session.error() == -ENOENT, "a session that was not preserved is refused",
                  unknown_session ? "it was given" : name_of_error(unknown_session.error()));

    if (own.session)
        retrieved.push_back(std::move(own));
    why = finish(*manifest, retrieved);
    report.result(why.empty(), "finish", why.empty() ? text("%zu sessions", retrieved.size()) : why);

    const std::string log = kernel_log();
    why = compare_reservations(*manifest, log);
    report.result(why.empty(), "reserved memory", why.empty() ? areas(*manifest) : why);

    std::string flbs_said;
    bool restored = false;
    why = flbs(*manifest, log, flbs_said);
    const std::string test_failure = kho_test(log, manifest->scenario == "kho_test", restored);
    if (why.empty())
        why = test_failure;
    report.result(why.empty(), "what the kernel's own tests handed over",
                  !why.empty() ? why : flbs_said + (restored ? ", kho_test restored" : ", kho_test absent"));

    why = complaint(log);
    report.result(why.empty(), "no complaint of the kernel", why);
    if (!report.passed())
        give_up();
    end(true, who + ": " + totals(*manifest) + " verified");
}

}  // namespace agent
