// SPDX-License-Identifier: GPL-2.0-or-later
// A running guest that a test watches and interferes with: it waits for what the console says, gives QMP
// commands, takes dumps of memory. A guest that is only run to its end needs no more than harness::run().
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "channel.h"
#include "qemu_process.h"
#include "qmp.h"
#include "tests/temporary_folder.h"

namespace harness {

class Guest {
public:
    // Starts it, unless the machine's arguments have -S. Throws std::runtime_error, as all of this does, if QEMU does not come up.
    explicit Guest(Machine machine);
    ~Guest();  // ends it the hard way
    Guest(const Guest &) = delete;
    Guest &operator=(const Guest &) = delete;

    // Reads the console up to a line that contains `part`, and returns that. Throws, with all that the
    // console said, if the guest ends or the time is over before.
    std::string wait_for(const std::string &part, unsigned limit_seconds);
    nlohmann::json qmp(const std::string &name, const nlohmann::json &arguments = nlohmann::json::object()) {
        return qmp_.command(name, arguments);
    }
    // Stops the guest and writes its memory to `file`, in one of QEMU's formats: elf, kdump-zlib ...
    void dump(const std::string &file, const std::string &format = "elf");

    // What the console said, as far as it was waited for.
    const std::string &console() const { return console_; }
    std::string log() const;  // what QEMU said
    // Waits until QEMU ends by itself, and ends it if it doesn't.
    Outcome finish(unsigned limit_seconds);

private:
    TemporaryFolder folder_;  // sockets and log
    Ref<GSubprocess> process_;
    Channel serial_;
    Qmp qmp_;
    std::string console_;
    Deadline start_;
};

}  // namespace harness
