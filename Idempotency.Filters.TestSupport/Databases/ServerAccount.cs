using System.Diagnostics;

namespace Idempotency.Filters.TestSupport;

/// <summary>The account that a server runs under, since it refuses root. Where the tests are not root, it runs under theirs.</summary>
internal sealed class ServerAccount(string name)
{
    /// <summary>The command that runs another under this account.</summary>
    public string[] Command(params string[] command) =>
        // Unlike runuser, setpriv becomes the program: the process that was started is the server.
        Environment.IsPrivilegedProcess ? ["setpriv", $"--reuid={name}", $"--regid={name}", "--init-groups", .. command] : command;

    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="InvalidOperationException">It failed. The message holds its output.</exception>
    public Task RunAsync(params string[] command) => RunAsRootAsync(Command(command));

    /// <summary>Gives this account a directory that root made.</summary>
    public Task OwnAsync(DirectoryInfo directory) =>
        Environment.IsPrivilegedProcess ? RunAsRootAsync(["chown", $"{name}:", directory.FullName]) : Task.CompletedTask;

    private static async Task RunAsRootAsync(string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            // The directory of the tests may be closed to the account.
            WorkingDirectory = "/",
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{string.Join(' ', command)} failed ({process.ExitCode}): {string.Concat(output)}");
    }
}
