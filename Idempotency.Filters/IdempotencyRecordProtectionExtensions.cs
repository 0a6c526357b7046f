using System.Diagnostics.CodeAnalysis;
using Idempotency.Filters;
using Idempotency.Filters.Records;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Protects the records of all stores, for example by encryption. The last of these calls wins.</summary>
public static class IdempotencyRecordProtectionExtensions
{
    /// <summary>
    /// Encrypts records with ASP.NET Core Data Protection and binds each record to its storage key. Calls <c>AddDataProtection()</c>. The
    /// application must configure where the key ring is kept, and all its instances must share it.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <returns>The builder.</returns>
    public static IIdempotencyBuilder ProtectRecords(this IIdempotencyBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);

        builder.Services.AddDataProtection();
        return builder.ProtectRecords(
            provider => new DataProtectionRecordProtector(provider.GetRequiredService<IDataProtectionProvider>()));
    }

    /// <summary>Protects records with a protector of your own.</summary>
    /// <typeparam name="TProtector">The type of the protector. One instance is created; its constructor may take services.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <returns>The builder.</returns>
    public static IIdempotencyBuilder ProtectRecords<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TProtector>(
        this IIdempotencyBuilder builder)
        where TProtector : class, IResponseRecordProtector =>
        builder.ProtectRecords(provider => ActivatorUtilities.CreateInstance<TProtector>(provider));

    /// <summary>Protects records with a protector of your own.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="create">Creates the protector, once. The service provider disposes it.</param>
    /// <returns>The builder.</returns>
    public static IIdempotencyBuilder ProtectRecords(
        this IIdempotencyBuilder builder, Func<IServiceProvider, IResponseRecordProtector> create)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(create);
        builder.Services.Replace(ServiceDescriptor.Singleton(create));
        return builder;
    }
}
