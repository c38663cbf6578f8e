// SPDX-License-Identifier: GPL-2.0-or-later
// A QEMU whose CPUs stand still while a test plays the guest: memory and registers by the qtest protocol,
// everything else by QMP. (QEMU docs/devel/qtest.rst, docs/interop/qmp-spec)
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "channel.h"
#include "plugin/registers.h"
#include "qemu_process.h"
#include "qmp.h"
#include "tests/temporary_folder.h"

namespace harness {

class QTest {
public:
    // Starts the machine, without a kernel of its own unless it names one. Throws std::runtime_error if QEMU
    // does not come up.
    explicit QTest(Machine machine);
    ~QTest();
    QTest(const QTest &) = delete;
    QTest &operator=(const QTest &) = delete;

    void write(std::uint64_t address, std::span<const std::byte> bytes);
    std::vector<std::byte> read(std::uint64_t address, std::uint64_t size);
    void fill(std::uint64_t address, std::uint64_t size, std::uint8_t value);
    template <typename T>
    void store(std::uint64_t address, const T &v) {
        write(address, std::as_bytes(std::span(&v, 1)));
    }

    std::uint64_t read64(kexec_handover::Register which);
    std::uint32_t read32(kexec_handover::Register which);
    void write64(kexec_handover::Register which, std::uint64_t v);
    void write32(kexec_handover::Register which, std::uint32_t v);
    kexec_handover::Status ring(kexec_handover::Command command);
    // A raw qtest command; the words of its answer after "OK".
    std::string command(const std::string &line);

    // A QMP command; its "return". Throws std::runtime_error with the description on an error.
    nlohmann::json qmp(const std::string &name, const nlohmann::json &arguments = nlohmann::json::object());
    nlohmann::json property(const std::string &name);

    int pid() const;
    // Ends QEMU and returns its exit status and what it wrote to its log.
    int quit(std::string *log = nullptr);

private:
    std::string log() const;

    TemporaryFolder folder_;  // sockets and log
    Ref<GSubprocess> process_;
    Channel qtest_;
    Qmp qmp_;
};

}  // namespace harness
