using System.Buffers;
using Microsoft.AspNetCore.DataProtection;

namespace Idempotency.Filters.Records;

/// <summary>Encrypts records with the application's Data Protection keys.</summary>
/// <remarks>
/// The storage key is the last purpose in the chain. Data Protection derives its keys from the purposes and authenticates them, so a record
/// decrypts only under its own storage key.
/// </remarks>
internal sealed class DataProtectionRecordProtector(IDataProtectionProvider provider) : IResponseRecordProtector
{
    // Part of the storage format: changing it makes all existing records unreadable.
    private const string Purpose = "Idempotency.Filters.ResponseRecord.v1";

    private readonly IDataProtector _protector = provider.CreateProtector(Purpose);

    public void Protect(string storageKey, in ReadOnlySequence<byte> record, IBufferWriter<byte> destination) =>
        destination.Write(_protector.CreateProtector(storageKey).Protect(record.ToArray()));

    public void Unprotect(string storageKey, in ReadOnlySequence<byte> bytes, IBufferWriter<byte> destination) =>
        destination.Write(_protector.CreateProtector(storageKey).Unprotect(bytes.ToArray()));
}
