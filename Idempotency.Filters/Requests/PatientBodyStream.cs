namespace Idempotency.Filters.Requests;

/// <summary>A request body that is waited for only as long as a token says, whatever token its reader has.</summary>
/// <param name="inner">The body.</param>
/// <param name="patience">Ends every read. It fires when the request is aborted, too.</param>
internal sealed class PatientBodyStream(Stream inner, CancellationToken patience) : RequestBodyStream
{
    public override int Read(Span<byte> buffer) => inner.Read(buffer);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.ReadAsync(buffer, patience);
}
