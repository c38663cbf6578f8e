// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>

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

using Then = Parameters::Then;

// "session "a" token 0x1: preserve: ENOSPC"
std::string failure(const std::string &session, std::uint64_t token, const char *what, int error) {
    return text("session \"%s\" token 0x%llx: %s: %s", session.c_str(), ull(token), what,
                name_of_error(error).c_str());
}

// The kernel keeps the files; the sessions stay open in `sessions`.
std::string preserve(int device, const Manifest &manifest, std::vector<Descriptor> &sessions) {
    for (const ManifestSession &spec : manifest.sessions) {
        const Descriptor &session = sessions.emplace_back(create_session(device, spec.name));
        if (!session)
            return text("session \"%s\": create: %s", spec.name.c_str(),
                        name_of_error(session.error()).c_str());
        for (const ManifestFile &file : spec.files) {
            const char *what = nullptr;
            const Descriptor made = make_memory_file(file, &what);
            if (!made)
                return failure(spec.name, file.token, what, made.error());
            if (const int error = preserve_fd(session.fd(), made.fd(), file.token))
                return failure(spec.name, file.token, "preserve", error);
        }
    }
    return {};
}

std::string preserve_manifest(int device, const std::string &content, std::vector<Descriptor> &sessions) {
    const Descriptor &session = sessions.emplace_back(create_session(device, manifest_session));
    if (!session)
        return "create session: " + name_of_error(session.error());
    const char *what = nullptr;
    const Descriptor file = make_memory_file(content, &what);
    if (!file)
        return std::string(what) + ": " + name_of_error(file.error());
    const int error = preserve_fd(session.fd(), file.fd(), manifest_token);
    return error ? "preserve: " + name_of_error(error) : "";
}

std::string fill_reservations(Manifest &manifest, const Parameters &parameters) {
    std::string why;
    manifest.reservations = find_reservations(why);
    for (ManifestReservation &reservation : manifest.reservations)
        if (why.empty())
            why = fill_reservation(reservation);
    if (why.empty() && parameters.scenario == "memblock" && manifest.reservations.empty())
        why = "none: is reserve_mem= on the command line?";
    return why;
}

// Every line of the manifest, for those who watch the console.
void print(const std::string &manifest) {
    std::string lines;
    for (std::size_t at = 0; at < manifest.size();) {
        const std::size_t end = manifest.find('\n', at);
        lines += "# manifest: " + manifest.substr(at, end - at) + "\n";
        at = end + 1;
    }
    say(lines);
}

}  // namespace

[[noreturn]] void old_kernel(const Parameters &parameters) {
    const std::string release = uname_release();
    const std::string who = "Linux " + release;
    Report report(parameters.then == Then::kexec ? 6 : 5);
    report.note("stage 1 on " + who + ", scenario " + parameters.scenario);
    const auto give_up = [&] { end(false, who + ": " + report.first_failure()); };

    const Descriptor device(open(liveupdate_device, O_RDWR | O_CLOEXEC));
    if (!report.result(bool(device), "live update device", device ? "" : name_of_error(errno)))
        give_up();

    Manifest manifest{
        .release = release, .scenario = parameters.scenario, .sessions = {}, .reservations = {}};
    manifest.sessions = sessions_of(parameters.scenario, Limits::of(Release::from(release)));
    std::vector<Descriptor> sessions;
    std::string why = preserve(device.fd(), manifest, sessions);
    if (!report.result(why.empty(), "preserve", why.empty() ? totals(manifest) : why))
        give_up();

    why = fill_reservations(manifest, parameters);
    report.result(why.empty(), "reserved memory", why.empty() ? areas(manifest) : why);

    // Without a session there is nothing that could carry the manifest.
    const std::string written = to_text(manifest);
    const bool carried = parameters.scenario != "empty";
    why = carried ? preserve_manifest(device.fd(), written, sessions) : "";
    report.result(why.empty(), "manifest",
                  !why.empty() ? why
                  : carried    ? text("%zu bytes", written.size())
                               : "not carried");
    print(written);

    if (parameters.then == Then::kexec) {
        const int error = load_next_kernel(with_parameter(parameters.command_line, "agent.stage", "2"));
        report.result(error == 0, "next kernel", error == 0 ? "" : name_of_error(error));
    }
    why = complaint(kernel_log());
    report.result(why.empty(), "no complaint of the kernel", why);
    if (!report.passed())
        give_up();

    switch (parameters.then) {
        case Then::kexec:
            say("# kexec: handing over " + totals(manifest) + "\n");
            end(false, who + ": kexec: " + name_of_error(jump()));
        case Then::pause:
            say("# paused: everything is preserved\n");
            for (;;) pause();  // until the watchdog's time is over
        case Then::poweroff:
            break;
    }
    end(true, who + ": " + totals(manifest) + " preserved, and given up");
}

}  // namespace agent
